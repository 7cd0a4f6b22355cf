"""A portrait that follows a driver, frame by frame."""
