"""Training data: face crops of videos and pictures, and people who do not exist."""
