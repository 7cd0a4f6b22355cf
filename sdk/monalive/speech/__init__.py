"""What is in the sound of somebody who speaks: mouth shapes, loudness, stress, pauses."""
