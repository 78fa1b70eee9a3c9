#!/usr/bin/env python3
"""Opens pages in headless Chromium, wide and narrow, light and dark, and checks what a person would
mind: console errors, requests to anywhere, text that is hard to read, controls without a name, a page
that scrolls sideways, headings out of order, and size.

    python check_page.py PAGE.html... [--screenshots DIR] [--chromium chromium]

Needs Debian's chromium and nothing else.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

LARGEST = 2_000_000
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}

# Runs in the page; gives a list of findings.
INSPECT = r"""
(() => {
  const found = [];
  const channel = (c) => { c /= 255; return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const parse = (text) => { const n = text.match(/[\d.]+/g).map(Number); return [n.slice(0, 3), n[3] ?? 1]; };
  const back = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const [colour, alpha] = parse(getComputedStyle(at).backgroundColor);
      if (alpha > 0.99) return colour;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
  };
  for (const node of document.querySelectorAll("body *")) {
    const style = getComputedStyle(node);
    const own = [...node.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim());
    if (!own || style.display === "none" || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(node.tagName)) continue;
    const text = node.closest("svg") ? style.fill : style.color;
    if (!/^rgb/.test(text)) continue;
    const [a, b] = [luminance(parse(text)[0]), luminance(back(node))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ${node.tagName} '${node.textContent.trim().slice(0, 40)}'`);
  }
  for (const node of document.querySelectorAll("select, input, textarea, button")) {
    if (!node.labels?.length && !node.ariaLabel && !node.textContent.trim()) found.push(`no label: ${node.outerHTML.slice(0, 60)}`);
  }
  for (const node of document.querySelectorAll('img, svg[role="img"]')) {
    const by = node.getAttribute("aria-labelledby");
    const name = node.alt || node.getAttribute("aria-label") || (by && document.getElementById(by)?.textContent);
    if (!name) found.push(`no words for ${node.tagName} ${node.id}`);
  }
  for (const node of document.querySelectorAll(".scroll")) {
    if (node.tabIndex < 0) found.push("a scrolling part can't be reached by keyboard");
  }
  const levels = [...document.querySelectorAll("h1,h2,h3,h4")].map((h) => +h.tagName[1]);
  if (levels[0] !== 1 || levels.filter((l) => l === 1).length !== 1) found.push("not one h1, first");
  levels.forEach((l, k) => { if (k && l > levels[k - 1] + 1) found.push("a heading level is left out"); });
  if (!document.documentElement.lang) found.push("no language");
  if (!document.title) found.push("no title");
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`the page is ${wide} px wider than the screen`);
  return found;
})()
"""


class Browser:
    """Chromium, driven through its debugging pipe."""

    def __init__(self, program: str) -> None:
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, from_us = os.pipe()
        from_browser, to_us = os.pipe()

        def place() -> None:
            # The browser reads its commands from 3 and answers on 4.
            low = [os.dup(to_browser), os.dup(to_us)]
            os.dup2(low[0], 3)
            os.dup2(low[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}"],
            preexec_fn=place, pass_fds=(3, 4, to_browser, to_us),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(to_us)
        self.out, self.into = os.fdopen(from_us, "wb", 0), os.fdopen(from_browser, "rb", 0)
        self.count, self.rest, self.session = 0, b"", None
        self.events: list[dict] = []

    def receive(self) -> dict:
        while b"\0" not in self.rest:
            piece = self.into.read(1 << 16)
            if not piece:
                raise RuntimeError("the browser ended")
            self.rest += piece
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def call(self, method: str, **parameters) -> dict:
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.out.write(json.dumps(message).encode() + b"\0")
        while (answer := self.receive()).get("id") != self.count:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def wait(self, method: str) -> None:
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.receive())

    def open(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.profile.cleanup()


def check(browser: Browser, page: Path, size: str, scheme: str, shots: Path | None) -> list[str]:
    width, height = SIZES[size]
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=size == "narrow")
    browser.call("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.events.clear()
    browser.call("Page.navigate", url=page.resolve().as_uri())
    browser.wait("Page.loadEventFired")
    found = browser.call("Runtime.evaluate", expression=INSPECT, returnByValue=True)
    findings = found["result"].get("value")
    if findings is None:
        findings = [f"the check itself failed: {found}"]
    # What a person would do: choose the last entry of every list.
    browser.call("Runtime.evaluate", expression="""
        for (const list of document.querySelectorAll("select")) {
          list.selectedIndex = list.options.length - 1;
          list.dispatchEvent(new Event("change"));
        }""")
    for event in browser.events:
        parameters = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                findings.append("exception: " + parameters["exceptionDetails"]["text"])
            case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "warning"):
                findings.append(f"console: {parameters['args']}")
            case "Log.entryAdded" if parameters["entry"]["level"] == "error":
                findings.append("log: " + parameters["entry"]["text"])
            case "Network.requestWillBeSent":
                url = parameters["request"]["url"]
                if url != page.resolve().as_uri() and not url.startswith("data:"):
                    findings.append(f"request to {url}")
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
        image = browser.call("Page.captureScreenshot", captureBeyondViewport=True, format="png",
                             clip=dict(x=0, y=0, width=width, scale=1, height=min(
                                 6000, browser.call("Page.getLayoutMetrics")["cssContentSize"]["height"])))
        (shots / f"{page.stem}-{size}-{scheme}.png").write_bytes(base64.b64decode(image["data"]))
    return findings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--screenshots", type=Path)
    parser.add_argument("--chromium", default="chromium")
    options = parser.parse_args()
    browser = Browser(options.chromium)
    failed = 0
    try:
        browser.open()
        for page in options.pages:
            findings = []
            if page.stat().st_size > LARGEST:
                findings.append(f"{page.stat().st_size} bytes, the most is {LARGEST}")
            for size in SIZES:
                for scheme in ("light", "dark"):
                    findings += [f"{size}, {scheme}: {finding}" for finding in check(
                        browser, page, size, scheme, options.screenshots)]
            failed += bool(findings)
            print(f"{page}: {'ok' if not findings else 'FAILED'}")
            for finding in findings:
                print(f"  {finding}")
    finally:
        browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
