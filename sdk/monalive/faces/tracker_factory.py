"""Where an animator gets its face trackers from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from monalive.faces.tracker import FaceTracker
from monalive.faces.tracker_interface import TrackerNetworks


class FaceTrackerFactory(Protocol):
    """Makes the trackers of one animator: one for photos, one for the driver."""

    def create(self, num_faces: int, *, blendshapes: bool) -> FaceTracker:
        """A tracker.

        Args:
            num_faces: the most faces looked for in a still.
            blendshapes: give expression scores with the faces.
        """


@dataclass(frozen=True)
class SharedNetworkTrackers:
    """A `FaceTrackerFactory` whose trackers run the same networks, so that these are loaded once.

    The trackers may be used in different threads, but not at the same time.
    """

    networks: TrackerNetworks

    def create(self, num_faces: int, *, blendshapes: bool) -> FaceTracker:
        """A tracker that settles on new faces, so that photos and drivers are measured in the same way.

        Args:
            num_faces: the most faces looked for in a still.
            blendshapes: give expression scores with the faces.
        """
        return FaceTracker(self.networks, num_faces=num_faces, output_blendshapes=blendshapes, settle=True)
