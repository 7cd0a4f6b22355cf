"""Faces in pictures: tracking, landmarks, regions, pose, expressions, the crop."""
