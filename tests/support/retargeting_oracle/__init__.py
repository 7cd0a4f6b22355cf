"""Retargeting in NumPy, in double precision and step by step: the oracle that the graphs are compared with."""
