"""What an output says of itself, and how to read it: Content Credentials, a mark in the pixels, a badge, consent."""
