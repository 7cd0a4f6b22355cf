"""Sound to mouth: data, network, training and evaluation of the network that moves the lips."""
