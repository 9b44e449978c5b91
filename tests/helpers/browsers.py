"""A browser without a window, for tests of pages: Debian's packages chromium and chromium-driver.

Tests that need it import `webdriver` of the package selenium, too, and are skipped without them.
"""

from __future__ import annotations

import shutil
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER, DRIVER = next(filter(None, map(shutil.which, NAMES)), None), shutil.which("chromedriver")
NONE = "no browser: apt-get install chromium chromium-driver"
PHONE, DESK = 390, 1280
OPTIONS = ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage")


def started() -> Any:
    """Return a driver of a new browser; whoever asks for it ends it by `quit`."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for argument in (*OPTIONS, "disable-background-networking", "hide-scrollbars"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))


def emulate(driver: Any, *, width: int, scheme: str) -> None:
    """Let pages see a screen of that width, a phone's for `PHONE`, and a colour scheme."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width == PHONE},
    )
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
