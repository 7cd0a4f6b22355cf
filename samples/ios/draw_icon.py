"""Draw the sample's app icon, a face that begins to move: `python samples/ios/draw_icon.py`."""

from pathlib import Path

from PIL import Image, ImageDraw

ICON = Path(__file__).parent / "Sample" / "Assets.xcassets" / "AppIcon.appiconset" / "icon.png"
SIDE, FINER = 1024, 2  # drawn twice as large, for smooth edges


def main() -> None:
    icon = Image.new("RGB", (SIDE * FINER, SIDE * FINER), "#20304a")
    draw = ImageDraw.Draw(icon)
    for shift, colour in ((-90, "#3c5478"), (0, "#f6d7b8")):  # where the head was, and where it is
        _ellipse(draw, 512 + shift, 512, 270, 340, colour)
    for across in (-105, 105):
        _ellipse(draw, 530 + across, 440, 34, 42, "#20304a")
    mouth = [value * FINER for value in (400, 500, 660, 690)]
    draw.arc(mouth, 20, 160, fill="#20304a", width=34 * FINER)
    icon.resize((SIDE, SIDE), Image.Resampling.LANCZOS).quantize(32).save(ICON, optimize=True)


def _ellipse(draw: ImageDraw.ImageDraw, x: int, y: int, half_width: int, half_height: int, colour: str) -> None:
    box = (x - half_width, y - half_height, x + half_width, y + half_height)
    draw.ellipse([value * FINER for value in box], fill=colour)


if __name__ == "__main__":
    main()
