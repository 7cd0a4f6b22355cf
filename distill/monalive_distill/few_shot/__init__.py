"""The full-size few-shot model: embedder, AdaIN generator, projection discriminator; meta-learning and fine-tuning.

Zakharov, Shysheya, Burkov, Lempitsky, *Few-Shot Adversarial Learning of Realistic Neural Talking Head Models*, 2019
(arXiv 1905.08233). Section numbers in this package are that paper's.
"""
