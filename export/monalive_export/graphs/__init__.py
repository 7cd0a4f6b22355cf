"""Networks and geometry as graphs with named inputs and outputs."""
