"""The lightweight generator's two graphs: enrolment, once per photo, and animation, once per frame."""

from __future__ import annotations

import torch

from monalive_distill.generator.appearance_encoder import AppearanceFeatures
from monalive_distill.generator.lightweight_generator import EnrolledPhoto, LightweightGenerator
from monalive_distill.generator.primitives import primitives
from monalive_distill.generator.warp import warp
from monalive_export.graphs.cell_refine_net import CellRefineNet
from monalive_export.graphs.ports import RGB, SIDES, Graph, Port, channels_first, channels_last

LANDMARK_COUNT = 478

PHOTO = Port("photo", "the photo's crop", (0.0, 1.0), RGB)
SOURCE = Port("source_landmarks", "the photo's 478 landmarks", None, SIDES)
TARGET = Port("target_landmarks", "the landmarks wanted", None, SIDES)
SURROUNDINGS = Port(
    "surroundings",
    "16 x 16 flow around the driver's face since its reference frame, and how much of each cell is known (0 to 1); "
    "zeros: not measured",
    None,
    SIDES,
)
# Named as the fields of `EnrolledPhoto` and `AppearanceFeatures`.
ENROLLED = (
    Port("photo_small", "the photo at 64 x 64", (0.0, 1.0), RGB),
    Port("source_drawing", "the photo's landmark drawing", (0.0, 1.5)),
    Port("motion_features", "what belongs to head, body and background"),
    Port("half", "appearance features at half the resolution"),
    Port("quarter", "appearance features at a quarter"),
    Port("eighth", "appearance features at an eighth"),
    Port("style", "appearance that is not tied to a place"),
)
# Named as the fields of `AnimatedPhoto`; one that is listed here is exported.
ANIMATED = (
    Port("flow", "source position minus target position", None, SIDES),
    Port("mask", "1 where the photo's own moved pixels serve, 0 where the painting does", (0.0, 1.0)),
    Port("painted", "what the network painted", (0.0, 1.0), RGB),
    Port("confidence", "of each place, to be compared with that of other photos of the person by softmax"),
)
IMAGE = Port("image", "the animated crop", (0.0, 1.0), RGB)


class EnrollGraph(Graph):
    """What depends on the photo alone."""

    inputs = (PHOTO, SOURCE)
    outputs = ENROLLED
    about = "Once per photo: what the animate network needs to know of it."

    def __init__(self, generator: LightweightGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, photo: torch.Tensor, source_landmarks: torch.Tensor) -> tuple[torch.Tensor, ...]:
        enrolled = self.generator.enroll(channels_first(photo), source_landmarks)
        fields = enrolled._asdict() | enrolled.appearance._asdict()
        return tuple(channels_last(fields[port.name]) for port in self.outputs)


class AnimateGraph(Graph):
    """One frame."""

    inputs = (SOURCE, *ENROLLED, TARGET, SURROUNDINGS)
    outputs = ANIMATED
    per_frame = True
    about = "Once per frame: where the photo's pixels go for the landmarks wanted, and what is painted over them."

    def __init__(self, generator: LightweightGenerator) -> None:
        super().__init__()
        self.generator = generator
        self.painter = CellRefineNet(generator.refine_net)

    def forward(
        self,
        source_landmarks: torch.Tensor,
        photo_small: torch.Tensor,
        source_drawing: torch.Tensor,
        motion_features: torch.Tensor,
        half: torch.Tensor,
        quarter: torch.Tensor,
        eighth: torch.Tensor,
        style: torch.Tensor,
        target_landmarks: torch.Tensor,
        surroundings: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        enrolled = EnrolledPhoto(
            channels_first(photo_small),
            channels_first(source_drawing),
            channels_first(motion_features),
            AppearanceFeatures(*(channels_first(x) for x in (half, quarter, eighth, style))),
        )
        movement = self.generator.move(source_landmarks, enrolled, target_landmarks, channels_first(surroundings))
        painted, mask, confidence = self.painter(movement)
        fields = {"flow": channels_last(movement.flow), "mask": mask, "painted": painted, "confidence": confidence}
        return tuple(fields[port.name] for port in self.outputs)


class PictureGraph(Graph):
    """What an app makes of a frame, for photos of the network's size; not exported by itself."""

    inputs = (PHOTO, *ANIMATED[:3])
    outputs = (IMAGE,)
    about = "The photo's own pixels moved along the flow, the painting laid over them where the mask asks for it."

    def forward(
        self, photo: torch.Tensor, flow: torch.Tensor, mask: torch.Tensor, painted: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        warped = channels_last(warp(channels_first(photo), channels_first(flow)))
        return (painted + primitives().repeat(mask, 3) * (warped - painted),)
