"""Training of the lightweight generator, from true frames and from the full-size model."""
