"""Write what an app needs into a folder: the bundle and the named motions as .motion files.

python samples/python/export_for_phone.py samples/android/app/src/main/assets
python samples/python/export_for_phone.py samples/ios/Sample/Models --bundle out/coreml.bundle
"""

import argparse
import shutil
from pathlib import Path

from monalive import Bundle, Motion, default_bundle_path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bundle", type=Path, default=default_bundle_path(), help="by monalive-export")
    given = parser.parse_args()
    bundle = Bundle.load(given.bundle)  # refuses a damaged one
    given.folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(given.bundle, given.folder / "default.bundle")
    for name in Motion.names():
        Motion.builtin(name).save(given.folder / f"{name}.motion")
    size = sum(file.stat().st_size for file in given.folder.iterdir() if file.is_file())
    print(f"{given.folder}: weights {bundle.model_version}, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
