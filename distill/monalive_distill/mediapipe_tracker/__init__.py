"""MediaPipe's face networks in our tracker: what ours are learnt from and compared with."""
