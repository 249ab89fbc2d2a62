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
    "ask": (WIDE, AGENT, "What to do"),
    "ask-ja": (WIDE, "/?lang=ja&q=エージェントに渡す権限は、どこまで絞ればいいですか？", "関連項目"),
    "ask-narrow": (NARROW, AGENT, "What to do"),
    "ask-dark": (WIDE, AGENT, "What to do"),
    "search": (WIDE, "/search?lang=en&q=prompt caching", "Level of risk"),
    "search-ja": (WIDE, "/search?lang=ja&q=プロンプト キャッシュ", "リスクレベル"),
    "browse": (WIDE, "/browse?lang=en", "Crosswalk"),
    "browse-ja": (WIDE, "/browse?lang=ja", "対応表"),
    "index": (WIDE, "/index?lang=en", "Served build"),
    "index-ja": (WIDE, "/index?lang=ja", "配信中のビルド"),
}


def take(address: str) -> None:
    """Open each page by its link and keep the picture of its beginning."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        for name, ((width, height), path, shown) in SHOTS.items():
            scheme = "dark" if name.endswith("-dark") else "light"
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.goto(f"{address}{path}")
            page.get_by_text(shown, exact=True).locator("visible=true").first.wait_for()
            page.wait_for_timeout(3000)
            page.screenshot(path=IMAGES / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1])
