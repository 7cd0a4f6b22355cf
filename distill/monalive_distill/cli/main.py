"""Entry point of the `monalive-distill` command: which commands there are."""

from __future__ import annotations

from typing import Final

from monalive.cli.command_line import Command, CommandLine


def _command(summary: str, module: str, extra: str = "train") -> Command:
    return Command(summary, f"monalive_distill.cli.{module}", extra)


COMMAND_LINE: Final = CommandLine(
    "monalive-distill",
    "Data, training and evaluation.",
    {
        "prepare": _command("track faces in videos or pictures and cache them for training", "prepare"),
        "synthesize": _command("make pictures of people who do not exist", "synthesize"),
        "train": _command("train the lightweight generator, or continue its training", "train"),
        "distill": _command("train the lightweight generator on the full-size model's pictures, too", "distill"),
        "train-few-shot": _command("meta-learn the full-size few-shot model, or continue it", "train_few_shot"),
        "finetune": _command("fine-tune the few-shot model on 1 to 32 photos of a person", "finetune"),
        "evaluate-few-shot": _command("measure the few-shot model for several numbers of photos", "evaluate_few_shot"),
        "personalize": _command("make a bundle for one person from their photos", "personalize", "export"),
        "train-tracker": _command("train one of the tracker's networks", "train_tracker"),
        "evaluate-tracker": _command("measure our tracker against MediaPipe's on clips", "evaluate_tracker"),
        "tracker-weights": _command("put the tracker's networks into one file to ship", "tracker_weights"),
        "prepare-regions": _command(
            "cut eyes and mouths out of videos or pictures and cache them for training", "prepare_regions"
        ),
        "train-regions": _command("train the network for eyes or for the mouth", "train_regions"),
        "train-region-expert": _command(
            "train the full-size network for eyes or for the mouth, which uses several photos", "train_region_expert"
        ),
        "evaluate-region-expert": _command(
            "measure a full-size network for eyes or mouth at several numbers of photos", "evaluate_region_expert"
        ),
        "region-weights": _command("put the networks for eyes and mouth into one file to ship", "region_weights"),
        "prepare-speech": _command(
            "track people who talk in clips and cache sound and mouths for training", "prepare_speech"
        ),
        "train-speech": _command("train the network that drives the lips from speech", "train_speech"),
        "evaluate-speech": _command("measure speech-driven lips against three baselines", "evaluate_speech"),
        "evaluate": _command("measure self- and cross-reenactment on a folder of clips", "evaluate"),
        "weights": _command("extract the weights of a run, small enough to ship", "weights"),
    },
)

main = COMMAND_LINE.main
