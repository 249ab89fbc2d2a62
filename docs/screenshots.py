"""Take the pictures of the README from a running page: `make screenshots`."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
SHOTS = {
    "ask": ((1280, 860), "How do I keep an agent from taking actions it should not?"),
    "ask-ja": ((1280, 860), "エージェントに渡す権限は、どこまで絞ればいいですか？"),
    "ask-narrow": ((390, 844), "Our token bill doubled. Where do we start?"),
}


def take(address: str) -> None:
    """Ask each question on a fresh page and keep the picture of the answer's beginning."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        for name, ((width, height), question) in SHOTS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(address)
            page.get_by_test_id("stChatInput").get_by_role("textbox").fill(question)
            page.keyboard.press("Enter")
            page.get_by_text("Sources", exact=True).wait_for()
            page.wait_for_timeout(1000)
            page.get_by_test_id("stChatMessage").first.scroll_into_view_if_needed()
            page.wait_for_timeout(300)
            page.screenshot(path=IMAGES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1])
