from pathlib import PurePath

import pytest

from medattn.litter import is_litter


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "._0001.png",
        ".AppleDouble/0001.png",
        "__MACOSX/train/0001.png",
        "Thumbs.db",
        "THUMBS.DB",
        "ehthumbs_vista.db",
        "Desktop.ini",
        "0001.png:Zone.Identifier",
        "$RECYCLE.BIN/0001.png",
        "System Volume Information/x",
        "lost+found",
        ".Trash-1000/files/0001.png",
        ".nfs00000000012a4f3200000001",
        ".fuse_hidden0000002b00000001",
        ".directory",
        "@eaDir/0001.png@SynoEAStream",
        "@Recycle/0001.png",
        "#recycle/0001.png",
        ".@__thumb/0001.png",
        "~snapshot/daily.0/0001.png",
        "~$labels.xlsx",
        ".~lock.labels.ods#",
        "~WRL0001.tmp",
        "images.csv~",
        ".images.csv.swp",
        "#images.csv#",
        "0002.png.part",
        "0002.png.crdownload",
        "0002.png.filepart",
        ".0002.png.Xa3dE1",
        "a/b/.ipynb_checkpoints/c.png",
    ],
)
def test_names_of_litter(name: str) -> None:
    assert is_litter(PurePath(name))


@pytest.mark.parametrize(
    "name",
    [
        "0001.png",
        "left eye/0001.PNG",
        "department/part.png",
        "thumbs.db.png",
        "desktop.ini.png",
        "~0001.png",
        "#1.png",
        "images.csv",
        "README.txt",
        "temp.png",
        "../other/0001.png",
        "icon.png",
        "Downloads/download.png",
        ".",
    ],
)
def test_names_of_anything_else(name: str) -> None:
    assert not is_litter(PurePath(name))
