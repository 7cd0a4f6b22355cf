"""Activations of the face recognition network, in VGGFace's place in the content loss (3.1).

VGGFace's weights come with no package; dlib's recognition network does (`identity`), and answers the same question:
would a network that knows faces see the same one?
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from monalive_distill.metrics.identity import FaceIdentity, cut_chips

# Residual blocks after which the activations are compared: the last of each width.
_TAPPED_BLOCKS = (2, 6, 9, 13)


class FaceFeatures(nn.Module):
    """Five taps of the frozen network, on aligned chips cut from the pictures.

    Raises:
        FileNotFoundError: the network's weights are not installed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.network = FaceIdentity()

    def forward(self, pictures: torch.Tensor, landmarks: torch.Tensor) -> list[torch.Tensor]:
        """Activations, fine to coarse.

        Args:
            pictures: (N, 3, H, H) in [0, 1].
            landmarks: (N, 478, 2) in units of the side: where to cut. Give the true frame's for made and true alike.
        """
        network = self.network
        with torch.autocast(pictures.device.type, enabled=False):
            chips = cut_chips(pictures.float(), landmarks.float() * pictures.shape[-1])
        x = F.max_pool2d(F.relu(network.stem((chips * 255 - network.means) / 256)), 3, 2)
        taps = [x]
        for number, block in enumerate(network.blocks):
            x = block(x)
            if number in _TAPPED_BLOCKS:
                taps.append(x)
        return taps
