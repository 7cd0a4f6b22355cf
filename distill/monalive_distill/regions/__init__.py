"""Eyes and mouths: networks of their own on small crops in face coordinates."""
