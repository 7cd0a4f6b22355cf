"""The graphs of the networks of eyes and mouth: enrolment of a photo's crop, and painting, once per frame.

One pair of files serves both eyes: a right eye's crop is mirrored.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from monalive.player.region_networks import REGION_PARTS
from monalive_distill.regions.drawing import read_at
from monalive_distill.regions.inner_mouth import InnerTextures, shifts
from monalive_distill.regions.networks import EnrolledRegion, RegionNetwork
from monalive_distill.regions.regions import EYE, MOUTH, Region
from monalive_distill.regions.weights_file import RegionNetworks
from monalive_export.graphs.ports import RGB, Graph, Port, channels_first, channels_last
from monalive_export.graphs.region_crops import CROP_PIXELS, RegionCropsGraph

# Of every region: fields of `EnrolledRegion`, and of its `InnerTextures` where there are any.
_ENROLLED = {
    "normal": "the photo's crop, less its mean, in units of its contrast",
    "mean": "the mean colour of the photo's crop",
    "contrast": "its standard deviation",
    "half": "features at half the resolution",
    "quarter": "features at a quarter",
    "eighth": "features at an eighth",
    "style": "appearance that is not tied to a place",
    "drawing": "the drawing of the photo's landmarks",
}
_INSIDE = {
    "upper": "upper teeth: colour and a logit of how much there is of them",
    "lower": "lower teeth and tongue, alike",
    "dark": "the colour of the dark between them",
}


class RegionPorts:
    """Names of a region's inputs and outputs."""

    def __init__(self, region: Region) -> None:
        name = region.name
        fields = _ENROLLED | (_INSIDE if region.sizes.inside else {})
        self.photo = Port(f"{name}_photo", "the photo's crop around it", (0.0, 1.0), RGB)
        self.source = Port(f"{name}_source_landmarks", "the photo's 478 landmarks in its crop", None, CROP_PIXELS)
        self.target = Port(f"{name}_target_landmarks", "those wanted, in the frame's crop", None, CROP_PIXELS)
        self.enrolled = tuple(Port(f"{name}_{field}", about) for field, about in fields.items())
        self.flow = Port(
            f"{name}_flow", "position in the photo's crop minus position in the frame's crop", None, CROP_PIXELS
        )
        self.mask = Port(f"{name}_mask", "1 where the photo's own moved pixels serve, 0 where the painting", (0.0, 1.0))
        self.painted = Port(f"{name}_painted", "what the network painted; may overshoot", (0.0, 1.0), RGB)
        self.image = Port(f"{name}_image", "the crop as it should look", (0.0, 1.0), RGB)


EYE_PORTS, MOUTH_PORTS = RegionPorts(EYE), RegionPorts(MOUTH)


class RegionGraph(Graph):
    """What the graphs of all regions share."""

    region: Region

    def __init__(self, network: RegionNetwork) -> None:
        super().__init__()
        self.network = network

    def _enrolled(self, photo: torch.Tensor, landmarks: torch.Tensor) -> tuple[torch.Tensor, ...]:
        drawing = self.region.draw(landmarks)
        made = self.network.enroll(channels_first(photo), drawing)
        parts = [made.photo, made.mean, made.contrast, made.half, made.quarter, made.eighth, made.style, drawing]
        return tuple(channels_last(part) for part in (*parts, *(made.inside or ())))

    def _animated(
        self, source: torch.Tensor, enrolled: tuple[torch.Tensor, ...], target: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        photo, mean, contrast, half, quarter, eighth, style, drawing, *inside = map(channels_first, enrolled)
        known = EnrolledRegion(
            photo, mean, contrast, half, quarter, eighth, style, InnerTextures(*inside) if inside else None
        )
        flow = self.region.flow(source, target)
        made = self.network.animate(known, drawing, self.region.draw(target), flow, shifts(source, target))
        return tuple(channels_last(part) for part in (flow + made.correction, made.mask, made.painted))


class EnrollEyeGraph(RegionGraph):
    """What depends on the photo's eye alone."""

    region = EYE
    inputs = (EYE_PORTS.photo, EYE_PORTS.source)
    outputs = EYE_PORTS.enrolled
    about = "Once per photo and eye: what the animate_eye network needs to know of it."

    def forward(self, eye_photo: torch.Tensor, eye_source_landmarks: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self._enrolled(eye_photo, eye_source_landmarks)


class AnimateEyeGraph(RegionGraph):
    """An eye of a frame."""

    region = EYE
    inputs = (EYE_PORTS.source, *EYE_PORTS.enrolled, EYE_PORTS.target)
    outputs = (EYE_PORTS.flow, EYE_PORTS.mask, EYE_PORTS.painted)
    per_frame = True
    calibratable = False  # lids that shut are an edge in the flow, which steps fixed beforehand are too coarse for
    about = "Once per frame and eye: where its pixels go for the landmarks wanted, and what is painted over them."

    def forward(
        self,
        eye_source_landmarks: torch.Tensor,
        eye_normal: torch.Tensor,
        eye_mean: torch.Tensor,
        eye_contrast: torch.Tensor,
        eye_half: torch.Tensor,
        eye_quarter: torch.Tensor,
        eye_eighth: torch.Tensor,
        eye_style: torch.Tensor,
        eye_drawing: torch.Tensor,
        eye_target_landmarks: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        enrolled = (eye_normal, eye_mean, eye_contrast, eye_half, eye_quarter, eye_eighth, eye_style, eye_drawing)
        return self._animated(eye_source_landmarks, enrolled, eye_target_landmarks)


class EnrollMouthGraph(RegionGraph):
    """What depends on the photo's mouth alone, teeth behind closed lips included."""

    region = MOUTH
    inputs = (MOUTH_PORTS.photo, MOUTH_PORTS.source)
    outputs = MOUTH_PORTS.enrolled
    about = "Once per photo: what the animate_mouth network needs to know of its mouth."

    def forward(self, mouth_photo: torch.Tensor, mouth_source_landmarks: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self._enrolled(mouth_photo, mouth_source_landmarks)


class AnimateMouthGraph(RegionGraph):
    """The mouth of a frame."""

    region = MOUTH
    inputs = (MOUTH_PORTS.source, *MOUTH_PORTS.enrolled, MOUTH_PORTS.target)
    outputs = (MOUTH_PORTS.flow, MOUTH_PORTS.mask, MOUTH_PORTS.painted)
    per_frame = True
    about = "Once per frame: where the mouth's pixels go for the landmarks wanted, and what is painted over them."

    def forward(
        self,
        mouth_source_landmarks: torch.Tensor,
        mouth_normal: torch.Tensor,
        mouth_mean: torch.Tensor,
        mouth_contrast: torch.Tensor,
        mouth_half: torch.Tensor,
        mouth_quarter: torch.Tensor,
        mouth_eighth: torch.Tensor,
        mouth_style: torch.Tensor,
        mouth_drawing: torch.Tensor,
        mouth_upper: torch.Tensor,
        mouth_lower: torch.Tensor,
        mouth_dark: torch.Tensor,
        mouth_target_landmarks: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        enrolled = (
            mouth_normal,
            mouth_mean,
            mouth_contrast,
            mouth_half,
            mouth_quarter,
            mouth_eighth,
            mouth_style,
            mouth_drawing,
            mouth_upper,
            mouth_lower,
            mouth_dark,
        )
        return self._animated(mouth_source_landmarks, enrolled, mouth_target_landmarks)


class _PictureGraph(Graph):
    """A crop as it should look, of the network's own size; not exported by itself."""

    about = "The photo's own pixels moved along the flow, the painting laid over them where the mask asks for it."

    def _picture(
        self, photo: torch.Tensor, flow: torch.Tensor, mask: torch.Tensor, painted: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        moved = channels_last(read_at(channels_first(photo), channels_first(flow)))
        return (torch.clamp(painted + mask * (moved - painted), 0.0, 1.0),)


class EyePictureGraph(_PictureGraph):
    """Of an eye."""

    inputs = (EYE_PORTS.photo, EYE_PORTS.flow, EYE_PORTS.mask, EYE_PORTS.painted)
    outputs = (EYE_PORTS.image,)

    def forward(
        self, eye_photo: torch.Tensor, eye_flow: torch.Tensor, eye_mask: torch.Tensor, eye_painted: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        return self._picture(eye_photo, eye_flow, eye_mask, eye_painted)


class MouthPictureGraph(_PictureGraph):
    """Of the mouth."""

    inputs = (MOUTH_PORTS.photo, MOUTH_PORTS.flow, MOUTH_PORTS.mask, MOUTH_PORTS.painted)
    outputs = (MOUTH_PORTS.image,)

    def forward(
        self, mouth_photo: torch.Tensor, mouth_flow: torch.Tensor, mouth_mask: torch.Tensor, mouth_painted: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        return self._picture(mouth_photo, mouth_flow, mouth_mask, mouth_painted)


def region_graphs(networks: RegionNetworks) -> Mapping[str, Graph]:
    """By part name, in the order in which they run."""
    eye, mouth = networks.eye, networks.mouth
    graphs = (
        RegionCropsGraph(),
        EnrollEyeGraph(eye),
        AnimateEyeGraph(eye),
        EnrollMouthGraph(mouth),
        AnimateMouthGraph(mouth),
    )
    return dict(zip(REGION_PARTS, graphs, strict=True))
