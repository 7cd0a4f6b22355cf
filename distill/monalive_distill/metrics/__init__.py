"""How good pictures are: LPIPS, identity, pixels, faces, the Fréchet distance, and all scores of a frame."""
