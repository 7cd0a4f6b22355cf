"""Kinds of picture files, their orientation and depth, damaged files, and writing."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from monalive.media.display_p3 import display_p3_profile, says_display_p3
from monalive.media.image_io import is_black_and_white, load_image, save_image
from monalive.media.reduced_picture import fitted_size
from monalive.rgb_image import require_rgb


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    """(24, 40, 3): smooth, and different in every corner."""
    y, x = np.mgrid[0:24, 0:40]
    return np.stack([x * 6, y * 10, 255 - x * 3 - y * 4], axis=-1).astype(np.uint8)


def write(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


class TestKinds:
    @pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".ppm", ".webp"])
    def test_lossless(self, tmp_path: Path, picture: NDArray[np.uint8], suffix: str) -> None:
        options = {"lossless": True} if suffix == ".webp" else {}
        loaded = load_image(write(tmp_path / f"a{suffix}", Image.fromarray(picture), **options))
        assert loaded.dtype == np.uint8 and loaded.flags.c_contiguous and loaded.flags.writeable
        assert np.array_equal(loaded, picture)

    def test_content_decides_not_the_name(self, tmp_path: Path, picture: NDArray[np.uint8]) -> None:
        path = write(tmp_path / "photo.jpg", Image.fromarray(picture), format="PNG")
        assert np.array_equal(load_image(str(path)), picture)

    @pytest.mark.parametrize("suffix", [".png", ".jpg"])
    def test_greyscale(self, tmp_path: Path, picture: NDArray[np.uint8], suffix: str) -> None:
        grey = Image.fromarray(picture[..., 1])
        loaded = load_image(write(tmp_path / f"a{suffix}", grey))
        assert loaded.shape == picture.shape
        assert np.abs(loaded.astype(int) - picture[..., 1:2]).max() <= 4
        assert np.array_equal(loaded[..., 0], loaded[..., 2])

    def test_black_and_white(self, tmp_path: Path, picture: NDArray[np.uint8]) -> None:
        loaded = load_image(write(tmp_path / "a.png", Image.fromarray(picture[..., 1] > 100)))
        assert np.array_equal(loaded[..., 0], np.where(picture[..., 1] > 100, 255, 0))

    def test_palette(self, tmp_path: Path) -> None:
        indices = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(4, 6) % 3, mode="P")
        indices.putpalette([255, 0, 0, 0, 200, 0, 0, 0, 90])
        loaded = load_image(write(tmp_path / "a.png", indices))
        assert [tuple(colour) for colour in loaded[0, :3].tolist()] == [(255, 0, 0), (0, 200, 0), (0, 0, 90)]

    def test_palette_with_a_transparent_colour(self, tmp_path: Path) -> None:
        indices = Image.fromarray(np.array([[0, 1]], np.uint8), mode="P")
        indices.putpalette([255, 0, 0, 0, 200, 0])
        loaded = load_image(write(tmp_path / "a.png", indices, transparency=1))
        assert loaded.tolist() == [[[255, 0, 0], [255, 255, 255]]]

    @pytest.mark.parametrize("mode", ["RGBA", "LA"])
    def test_alpha_over_white(self, tmp_path: Path, mode: str) -> None:
        bands = np.array([[[100, 100, 100, 255], [100, 100, 100, 0], [100, 100, 100, 128]]], np.uint8)
        loaded = load_image(write(tmp_path / "a.png", Image.fromarray(bands).convert(mode)))
        assert loaded[0, :2].tolist() == [[100] * 3, [255] * 3]
        assert abs(int(loaded[0, 2, 0]) - 177) <= 1

    @pytest.mark.parametrize("suffix", [".png", ".tiff"])
    def test_16_bit_greyscale(self, tmp_path: Path, suffix: str) -> None:
        values = np.array([[0, 257, 128 * 257, 65535]], np.uint16)
        loaded = load_image(write(tmp_path / f"a{suffix}", Image.fromarray(values)))
        assert loaded[..., 0].tolist() == [[0, 1, 128, 255]]

    def test_16_bit_colour(self, tmp_path: Path) -> None:
        path = tmp_path / "a.png"
        path.write_bytes(png_16_bit(np.array([[[0, 65535, 128 * 257]]], np.uint16)))
        assert load_image(path).tolist() == [[[0, 255, 128]]]

    @pytest.mark.parametrize("top", [1.0, 255.0])
    def test_floating_point(self, tmp_path: Path, top: float) -> None:
        values = np.array([[0.0, 0.2 * top, top, np.nan]], np.float32)
        assert load_image(write(tmp_path / "a.tiff", Image.fromarray(values)))[..., 0].tolist() == [[0, 51, 255, 0]]

    def test_cmyk(self, tmp_path: Path) -> None:
        cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # red
        loaded = load_image(write(tmp_path / "a.jpg", cmyk, quality=95))
        assert np.abs(loaded.astype(int) - [255, 0, 0]).max() <= 3

    @pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
    def test_animation_gives_its_first_picture(self, tmp_path: Path, suffix: str) -> None:
        frames = [Image.new("RGB", (8, 8), colour) for colour in ((250, 0, 0), (0, 250, 0), (0, 0, 250))]
        path = write(tmp_path / f"a{suffix}", frames[0], save_all=True, append_images=frames[1:], duration=50)
        assert np.abs(load_image(path)[4, 4].astype(int) - [250, 0, 0]).max() <= 8


class TestColourProfiles:
    def test_srgb_stays_bit_identical(self, tmp_path: Path, picture: NDArray[np.uint8]) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        path = write(tmp_path / "a.png", Image.fromarray(picture), icc_profile=profile)
        assert np.array_equal(load_image(path), picture)

    def test_another_rgb_space_is_converted(self, tmp_path: Path) -> None:
        image = Image.new("RGB", (4, 4), (200, 100, 50))
        path = write(tmp_path / "a.png", image, icc_profile=profile_with_swapped_red_and_green())
        loaded = load_image(path)[0, 0].astype(int)
        assert np.abs(loaded - [100, 200, 50]).max() <= 4

    def test_damaged_profile_is_ignored(self, tmp_path: Path, picture: NDArray[np.uint8]) -> None:
        path = write(tmp_path / "a.png", Image.fromarray(picture), icc_profile=b"no profile at all" * 20)
        assert np.array_equal(load_image(path), picture)


class TestOrientation:
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_all_eight(self, tmp_path: Path, picture: NDArray[np.uint8], orientation: int) -> None:
        # How the stored picture must lie so that a viewer that follows EXIF shows `picture`.
        stored = {
            1: picture,
            2: picture[:, ::-1],
            3: picture[::-1, ::-1],
            4: picture[::-1],
            5: picture.transpose(1, 0, 2),
            6: np.rot90(picture, 1),
            7: picture[::-1, ::-1].transpose(1, 0, 2),
            8: np.rot90(picture, -1),
        }[orientation]
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = write(tmp_path / "a.png", Image.fromarray(np.ascontiguousarray(stored)), exif=exif)
        assert np.array_equal(load_image(path), picture)

    def test_jpeg(self, tmp_path: Path, picture: NDArray[np.uint8]) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        path = write(
            tmp_path / "a.jpg",
            Image.fromarray(np.rot90(picture).copy()),
            exif=exif,
            quality=95,
            subsampling=0,
        )
        loaded = load_image(path)
        assert loaded.shape == picture.shape and np.abs(loaded.astype(int) - picture).mean() < 3

    @pytest.mark.parametrize("exif", [b"Exif\0\0garbage here", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"])
    def test_damaged_exif_is_ignored(self, tmp_path: Path, picture: NDArray[np.uint8], exif: bytes) -> None:
        path = write(tmp_path / "a.jpg", Image.fromarray(picture), exif=exif)
        assert load_image(path).shape == picture.shape

    def test_unknown_orientation_is_ignored(self, tmp_path: Path, picture: NDArray[np.uint8]) -> None:
        exif = Image.Exif()
        exif[0x0112] = 42
        assert np.array_equal(load_image(write(tmp_path / "a.png", Image.fromarray(picture), exif=exif)), picture)


class TestBadFiles:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="no picture at"):
            load_image(tmp_path / "none.jpg")

    def test_folder(self, tmp_path: Path) -> None:
        with pytest.raises(IsADirectoryError, match="folder"):
            load_image(tmp_path)

    def test_empty(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jpg"
        path.touch()
        with pytest.raises(ValueError, match="empty"):
            load_image(path)

    @pytest.mark.parametrize(
        "content", [b"hello, I am no picture", b"\xff\xd8\xff", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\0" * 500]
    )
    def test_not_a_picture(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "a.jpg"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.jpg"):
            load_image(path)

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".gif", ".tiff", ".bmp"])
    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
    def test_cut_short(self, tmp_path: Path, suffix: str, share: float) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        path = write(tmp_path / f"a{suffix}", Image.fromarray(noise))
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        with pytest.raises(ValueError, match=f"a{suffix}"):
            load_image(path)

    def test_random_damage_gives_a_picture_or_a_value_error(self, tmp_path: Path, picture: NDArray[np.uint8]) -> None:
        rng = np.random.default_rng(1)
        for suffix in (".jpg", ".png", ".gif", ".tiff", ".webp"):
            path = write(tmp_path / f"a{suffix}", Image.fromarray(picture))
            content = np.frombuffer(path.read_bytes(), np.uint8)
            for _ in range(40):
                damaged = content.copy()
                damaged[rng.integers(0, len(content), 4)] = rng.integers(0, 256, 4)
                path.write_bytes(damaged.tobytes())
                with contextlib.suppress(ValueError):
                    require_rgb(load_image(path))

    @pytest.mark.parametrize("side", [10_100, 14_000, 60_000])
    def test_decompression_bomb(self, tmp_path: Path, side: int) -> None:
        path = tmp_path / "bomb.png"
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        path.write_bytes(png_file(header, zlib.compress(b"\0" * 1000)))
        with pytest.raises(ValueError, match="100 million pixels"):
            load_image(path)


class TestReducedSize:
    """A smooth picture at a smaller size, by every way of decoding."""

    @staticmethod
    def large(width: int = 1200, height: int = 900) -> NDArray[np.uint8]:
        y, x = np.mgrid[0:height, 0:width]
        return np.stack([x * 255 / width, y * 255 / height, 128 + 100 * np.sin(x / 60)], axis=-1).astype(np.uint8)

    @pytest.mark.parametrize(
        ("size", "longest", "expected"),
        [
            ((4032, 3024), 1920, (1920, 1440)),
            ((3024, 4032), 1920, (1440, 1920)),
            ((3000, 2001), 1000, (1000, 667)),
            ((640, 480), 1920, (640, 480)),
            ((30_000, 16), 300, (300, 1)),
            ((4032, 3024), None, (4032, 3024)),
        ],
    )
    def test_fitted_size(self, size: tuple[int, int], longest: int | None, expected: tuple[int, int]) -> None:
        assert fitted_size(size, longest) == expected

    @pytest.mark.parametrize(
        "suffix", [".jpg", ".png", ".webp", ".bmp", ".tiff", ".jp2", ".gif", ".ppm", ".avif", ".progressive.jpg"]
    )
    def test_every_kind_is_the_same_picture_made_smaller(self, tmp_path: Path, suffix: str) -> None:
        options = {"progressive": True} if "progressive" in suffix else {}
        path = write(tmp_path / f"a{suffix}", Image.fromarray(self.large()), **options)
        loaded = load_image(path, 300)
        assert loaded.shape == (225, 300, 3)
        with Image.open(path) as image:
            wanted = np.asarray(image.convert("RGB").resize((300, 225), Image.Resampling.BOX)).astype(int)
        assert np.abs(loaded - wanted).mean() < 2

    @pytest.mark.parametrize(("mode", "depth"), [("RGB", 8), ("RGBA", 8), ("LA", 8), ("RGB", 16)])
    def test_a_png_too_large_for_memory_is_decoded_in_bands(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, depth: int
    ) -> None:
        image = Image.fromarray(self.large())
        image.putalpha(Image.fromarray(self.large()[..., 1]))
        path = tmp_path / "a.png"
        if depth == 16:
            path.write_bytes(png_16_bit(np.asarray(image.convert("RGB")).astype(np.uint16) * 257))
        else:
            write(path, image.convert(mode))
        whole = load_image(path, 300)
        monkeypatch.setattr("monalive.media.reduced_picture.MEMORY", 1_000_000)
        monkeypatch.setattr("monalive.media.reduced_picture._BAND_PIXELS", 50_000)
        np.testing.assert_array_equal(load_image(path, 300), whole)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(ValueError, match="damaged or cut short"):
            load_image(path, 300)

    def test_orientation_after_the_pixels_is_found(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        content = write(tmp_path / "a.png", Image.fromarray(self.large()), exif=exif).read_bytes()
        at = content.index(b"eXIf") - 4
        length = 12 + int.from_bytes(content[at : at + 4], "big")
        end = content.index(b"IEND") - 4
        moved = content[:at] + content[at + length : end] + content[at : at + length] + content[end:]
        (tmp_path / "b.png").write_bytes(moved)
        monkeypatch.setattr("monalive.media.reduced_picture.MEMORY", 1_000_000)
        assert load_image(tmp_path / "b.png", 400).shape == (400, 300, 3)

    def test_what_takes_too_much_memory_is_refused_in_words(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write(tmp_path / "a.jpg", Image.fromarray(self.large()), progressive=True)
        monkeypatch.setattr("monalive.media.reduced_picture.MEMORY", 1_000_000)
        with pytest.raises(ValueError, match=r"JPEG file take too much memory; save it as a JPEG"):
            load_image(path, 300)

    @pytest.mark.parametrize("mode", ["RGB", "RGBA"])
    def test_a_large_webp_is_decoded_in_less_memory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
    ) -> None:
        image = Image.fromarray(self.large())
        if mode == "RGBA":
            image.putalpha(Image.fromarray(self.large()[..., 1]))
        path = write(tmp_path / "a.webp", image, quality=90)
        whole = load_image(path, 300).astype(int)
        monkeypatch.setattr("monalive.media.reduced_picture.MEMORY", 4 * 1200 * 900)
        difference = load_image(path, 300) - whole
        assert np.abs(difference).mean() < 2 and np.abs(difference.mean((0, 1))).max() < 0.5

    def test_how_many_pixels_are_read(self, tmp_path: Path) -> None:
        content = bytearray(write(tmp_path / "a.jpg", Image.fromarray(self.large())).read_bytes())
        at = content.index(b"\xff\xc0") + 5
        for height, width, longest, said in [
            (12240, 16320, None, r"100 million pixels; read it at a smaller size \(longest_side, --size\)"),
            (16000, 16000, 1920, "250 million pixels"),
        ]:
            content[at : at + 4] = struct.pack(">HH", height, width)
            (tmp_path / "b.jpg").write_bytes(content)
            with pytest.raises(ValueError, match=said):
                load_image(tmp_path / "b.jpg", longest)

    def test_deep_greyscale(self, tmp_path: Path) -> None:
        values = np.linspace(0, 65535, 1200).astype(np.uint16)[None].repeat(900, 0)
        loaded = load_image(write(tmp_path / "a.png", Image.fromarray(values)), 300)
        assert np.abs(loaded[100, :, 0] - np.linspace(0, 255, 300)).max() <= 1.5


class TestHeic:
    def test_without_the_extra_a_line_names_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pillow_heif", None)
        path = tmp_path / "a.jpg"
        path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
        with pytest.raises(ValueError, match=r"pip install 'monalive\[heif\]'"):
            load_image(path)

    def test_its_profile_becomes_srgb(self, tmp_path: Path) -> None:
        heif = pytest.importorskip("pillow_heif")
        heif.register_heif_opener()
        picture = TestReducedSize.large(400, 300)
        profile = profile_with_swapped_red_and_green()
        write(tmp_path / "a.heic", Image.fromarray(picture), quality=95, icc_profile=profile)
        loaded = load_image(tmp_path / "a.heic", 200)
        wanted = np.asarray(Image.fromarray(picture[..., [1, 0, 2]]).resize((200, 150), Image.Resampling.BOX))
        assert loaded.shape == (150, 200, 3)
        assert np.abs(loaded.astype(int) - wanted).mean() < 4

    def test_display_p3_by_its_numbers_becomes_srgb(self, tmp_path: Path) -> None:
        heif = pytest.importorskip("pillow_heif")
        heif.register_heif_opener()
        numbers = {"color_primaries": 12, "transfer_characteristics": 13, "matrix_coefficients": 6}
        image = Image.new("RGB", (64, 64), (200, 120, 80))
        write(tmp_path / "a.heic", image, quality=95, save_nclx_profile=True, full_range_flag=1, **numbers)
        assert np.abs(load_image(tmp_path / "a.heic")[32, 32].astype(int) - P3_AS_SRGB).max() <= 3


P3_AS_SRGB = (213, 115, 70)  # of (200, 120, 80)


class TestDisplayP3:
    def test_avif_by_its_numbers_becomes_srgb(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.avif", Image.new("RGB", (64, 64), (200, 120, 80)), quality=95)
        plain = load_image(path)[32, 32]
        assert np.abs(plain.astype(int) - (200, 120, 80)).max() <= 3
        content = path.read_bytes()
        at = content.index(b"colrnclx") + 8
        path.write_bytes(content[:at] + struct.pack(">HH", 12, 13) + content[at + 4 :])
        assert np.abs(load_image(path)[32, 32].astype(int) - P3_AS_SRGB).max() <= 3

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"....colrnclx\0\x0c\0\x0d\0\6\x80", True),
            (b"....colrnclx\0\x0c\0\x01\0\6\x80", True),
            (b"....colrnclx\0\x0c\0\x10\0\6\x80", False),  # HDR
            (b"....colrnclx\0\x01\0\x0d\0\6\x80", False),
            (b"....colrprof....colrnclx\0\x0c\0\x0d\0\6\x80", False),  # its profile says more
            (b"....colrnclx\0", False),
            (b"", False),
        ],
    )
    def test_what_numbers_say(self, content: bytes, says: bool) -> None:
        file = io.BytesIO(content)
        file.seek(len(content))
        assert says_display_p3(file) is says and file.tell() == len(content)

    def test_its_profile_is_a_profile_of_its_own(self) -> None:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(display_p3_profile()))
        assert "sRGB" not in ImageCms.getProfileDescription(profile)
        red, green, blue = profile.profile.red_primary, profile.profile.green_primary, profile.profile.blue_primary
        assert red is not None and green is not None and blue is not None
        # x and y under D50, from the published D65 ones by Bradford's transform.
        for found, wanted in ((red, (0.682, 0.319)), (green, (0.285, 0.675)), (blue, (0.156, 0.066))):
            assert found[1][:2] == pytest.approx(wanted, abs=0.003)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
class TestNotARegularFile:
    def test_devices_and_pipes_are_refused_at_once(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.jpg")
        for path in (tmp_path / "pipe.jpg", Path("/dev/zero")):
            with pytest.raises(ValueError, match="a device or a pipe"):
                load_image(path)

    def test_a_huge_file_is_not_read(self, tmp_path: Path) -> None:
        path = tmp_path / "huge.jpg"
        with path.open("wb") as file:
            file.write(b"\xff\xd8\xff\xe0")
            file.truncate(5 << 30)  # no blocks on the disk
        with pytest.raises(ValueError, match="more than 2 GB"):
            load_image(path)


class TestSave:
    @pytest.mark.parametrize("suffix", [".png", ".bmp", ".PNG"])
    def test_lossless(self, tmp_path: Path, picture: NDArray[np.uint8], suffix: str) -> None:
        save_image(tmp_path / f"a{suffix}", picture)
        assert np.array_equal(load_image(tmp_path / f"a{suffix}"), picture)

    @pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
    def test_lossy(self, tmp_path: Path, picture: NDArray[np.uint8], suffix: str) -> None:
        save_image(str(tmp_path / f"a{suffix}"), picture[:, ::-1])
        assert np.abs(load_image(tmp_path / f"a{suffix}").astype(int) - picture[:, ::-1]).mean() < 4

    def test_replaces_and_leaves_nothing_else(self, tmp_path: Path, picture: NDArray[np.uint8]) -> None:
        save_image(tmp_path / "a.png", picture)
        save_image(tmp_path / "a.png", picture[::-1])
        assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
        assert np.array_equal(load_image(tmp_path / "a.png"), picture[::-1])

    def test_failure_keeps_the_old_file(
        self, tmp_path: Path, picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        save_image(tmp_path / "a.png", picture)

        def write_half(path: Path, content: bytes) -> None:
            with path.open("wb") as file:
                file.write(bytes(content)[:10])
            raise OSError("no space left on device")

        monkeypatch.setattr(Path, "write_bytes", write_half)
        with pytest.raises(OSError, match="no space left"):
            save_image(tmp_path / "a.png", picture[::-1])
        assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
        assert np.array_equal(load_image(tmp_path / "a.png"), picture)

    def test_unknown_format(self, tmp_path: Path, picture: NDArray[np.uint8]) -> None:
        for name in ("a", "a.mp4", "a.tiff"):
            with pytest.raises(ValueError, match="picture format"):
                save_image(tmp_path / name, picture)

    def test_too_large_for_the_format(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="16400x1 cannot be written as WEBP"):
            save_image(tmp_path / "a.webp", np.zeros((1, 16400, 3), np.uint8))

    def test_missing_folder_and_folder_as_name(self, tmp_path: Path, picture: NDArray[np.uint8]) -> None:
        with pytest.raises(FileNotFoundError, match="does not exist"):
            save_image(tmp_path / "none" / "a.png", picture)
        (tmp_path / "a.png").mkdir()
        with pytest.raises(IsADirectoryError, match="folder"):
            save_image(tmp_path / "a.png", picture)

    @pytest.mark.parametrize(
        "image",
        [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((4, 0, 3), np.uint8), [1, 2]],
        ids=str,
    )
    def test_not_a_picture(self, tmp_path: Path, image: Any) -> None:
        with pytest.raises(ValueError, match="a picture must be"):
            save_image(tmp_path / "a.png", image)
        assert list(tmp_path.iterdir()) == []


def png_file(header: bytes, data: bytes) -> bytes:
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def png_16_bit(values: NDArray[np.uint16]) -> bytes:
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png_file(struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0), zlib.compress(rows))


def profile_with_swapped_red_and_green() -> bytes:
    """sRGB's profile with the tags of two primaries exchanged: a colour space that is plainly not sRGB."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack(">I", content[128:132])
    for i in range(count):
        at = 132 + 12 * i
        name = bytes(content[at : at + 4])
        content[at : at + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(name, name)
    # The description must not say sRGB (UTF-16 in version 4 profiles).
    content = content.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be")).replace(
        b"sRGB built", b"test built"
    )
    assert ImageCms.ImageCmsProfile(io.BytesIO(bytes(content))) is not None
    return bytes(content)


def test_black_and_white_is_told_from_pale() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    grey = np.repeat(ramp[..., None], 3, -1)
    assert is_black_and_white(grey)
    sepia = (grey * np.array([1.0, 0.93, 0.82])).astype(np.uint8)
    assert not is_black_and_white(sepia)
    spot = grey.copy()
    spot[20:40, 100:120, 0] //= 2
    assert not is_black_and_white(spot)
