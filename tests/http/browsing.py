# SPDX-License-Identifier: MIT
"""A browser without JavaScript: it keeps cookies, fills forms in, follows."""

import html.parser
from urllib.parse import urljoin, urlsplit

# What a person sees as one line each.
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link",
        "meta", "source", "track", "wbr"}


class Document(html.parser.HTMLParser):
    """The forms, links and texts of a page, and every tag with attributes."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags = []
        self.forms = []
        self.links = []
        self.open = []
        self.texts = []
        self.select = None
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "form":
            self.forms.append({"action": attrs["action"], "fields": {},
                               "id": attrs.get("id")})
        elif tag == "a":
            self.links.append(attrs["href"])
        elif tag == "input" and self.forms:
            if attrs["type"] != "checkbox" or "checked" in attrs:
                self.forms[-1]["fields"][attrs["name"]] = attrs.get("value",
                                                                    "")
        elif tag == "select":
            self.select = attrs["name"]
            self.forms[-1]["fields"][self.select] = ""
        elif tag == "option" and "selected" in attrs:
            self.forms[-1]["fields"][self.select] = attrs.get("value")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def form(self, action):
        found = [f for f in self.forms if f["action"].endswith(action)]
        assert found, (action, [f["action"] for f in self.forms])
        return found[0]

    def attributes(self, tag, **wanted):
        """Of the tags that have these."""
        return [a for t, a in self.tags if t == tag and all(
            a.get(k.replace("_", "-")) == v for k, v in wanted.items())]


class Browser:
    """Goes about a stack as somebody would who has switched scripts off."""

    def __init__(self, client, headers=()):
        self.client = client
        self.cookies = {}
        self.headers = dict(headers)
        self.answer = None
        self.path = "/"
        self.mount = urlsplit(client.url).path

    def take_cookies(self, answer):
        for line in answer.raw.headers.getlist("Set-Cookie"):
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            value = value.strip('"')
            if any(a.lower() == "max-age=0" for a in attributes) or not value:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def ask(self, method, path, headers=(), **more):
        sent = {**self.headers, **dict(headers)}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{n}={v}"
                                       for n, v in self.cookies.items())
        answer = self.client.request(method, path.removeprefix(self.mount),
                                     headers=sent, **more)
        self.take_cookies(answer)
        self.answer = answer
        return answer

    def follow(self, answer):
        for _ in range(5):
            if answer.status_code != 303:
                break
            where = urlsplit(urljoin(self.client.url + self.path,
                                     answer.headers["Location"]))
            self.path = where.path + (f"?{where.query}" if where.query else "")
            answer = self.ask("GET", self.path)
        return answer

    def go(self, path):
        self.path = path
        self.follow(self.ask("GET", path))
        return self.page

    @property
    def page(self):
        return Document(self.answer.text)

    def send(self, action, **fields):
        """The page's form of that action, with these fields filled in, a
        None left out."""
        form = self.page.form(action)
        filled = {**form["fields"], **fields}
        answer = self.ask("POST", form["action"], data={
            k: v for k, v in filled.items() if v is not None}, headers={
                "Origin": self.client.url, "Sec-Fetch-Site": "same-origin"})
        self.path = form["action"]
        self.follow(answer)
        return self.page

    def sign_up(self, email, password):
        self.go("/sign-up")
        return self.send("/sign-up", email=email, password=password)

    def sign_in(self, email, password):
        self.go("/sign-in")
        return self.send("/sign-in", username=email, password=password)
