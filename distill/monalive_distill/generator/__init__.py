"""The lightweight generator, which ships: geometry prior, motion network, warp, refinement network."""
