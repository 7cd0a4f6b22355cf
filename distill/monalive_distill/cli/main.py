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
        "train": _command("train the lightweight generator, or go on training it", "train"),
        "distill": _command("the same, learning also from the full-size model's pictures", "distill"),
        "train-few-shot": _command("meta-learn the full-size few-shot model, or go on with it", "train_few_shot"),
        "finetune": _command("fine-tune the few-shot model on 1 to 32 photos of a person", "finetune"),
        "evaluate-few-shot": _command("measure the few-shot model for several numbers of photos", "evaluate_few_shot"),
        "personalize": _command("photos of a person to a bundle that is theirs", "personalize", "export"),
        "train-tracker": _command("train one of the tracker's networks", "train_tracker"),
        "evaluate-tracker": _command("measure our tracker against MediaPipe's on clips", "evaluate_tracker"),
        "tracker-weights": _command("the tracker's networks in one file, to ship", "tracker_weights"),
        "prepare-regions": _command("eyes and mouths of videos or pictures to a cache", "prepare_regions"),
        "train-regions": _command("train the network of an eye or of the mouth", "train_regions"),
        "region-weights": _command("the networks of eyes and mouth in one file, to ship", "region_weights"),
        "prepare-speech": _command("clips of people who talk to a cache of sound and mouths", "prepare_speech"),
        "train-speech": _command("train the network that moves the lips", "train_speech"),
        "evaluate-speech": _command("measure lips that sound moves, against three baselines", "evaluate_speech"),
        "evaluate": _command("measure self- and cross-reenactment on a folder of clips", "evaluate"),
        "weights": _command("the weights of a run alone, small enough to ship", "weights"),
    },
)

main = COMMAND_LINE.main
