"""The face tracker's own networks, learnt from MediaPipe's: a detector and a landmark network."""
