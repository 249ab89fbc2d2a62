"""Take the pictures of the README from a running page: `make screenshots`."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
WIDE, NARROW = (1280, 860), (390, 844)
AGENT = "/?lang=en&q=How do I keep an agent from taking actions it should not?"
# Path of each picture, and words that are on the page when it is drawn.
SHOTS = {
    "ask": (WIDE, AGENT, "Sources"),
    "ask-ja": (WIDE, "/?lang=ja&q=エージェントに渡す権限は、どこまで絞ればいいですか？", "出典"),
    "ask-narrow": (NARROW, AGENT, "Sources"),
    **{
        f"{path}{suffix}": (WIDE, f"/{path}?lang={language}", "genlens")
        for path in ("search", "browse", "index")
        for language, suffix in (("en", ""), ("ja", "-ja"))
    },
}


def take(address: str) -> None:
    """Open each page by its link and keep the picture of its beginning."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        for name, ((width, height), path, shown) in SHOTS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(f"{address}{path}")
            page.get_by_text(shown, exact=True).first.wait_for()
            page.wait_for_timeout(2000)
            page.screenshot(path=IMAGES / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1])
