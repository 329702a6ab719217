"""A page as a flat list of its elements, enough to ask what a test wants to know."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "path"})


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""

    def __getitem__(self, name):
        return self.attributes[name]

    def get(self, name):
        return self.attributes.get(name)


@dataclass
class Page(HTMLParser):
    html: str
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self.open: list[Element] = []
        self.feed(self.html)
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in <{tag}>"
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag, f"</{tag}> out of order"

    def handle_data(self, data):
        for element in self.open:
            element.text += data

    def all(self, tag, **attributes):
        wanted = attributes.items()
        return [each for each in self.elements if each.tag == tag and all(each.get(k) == v for k, v in wanted)]

    def one(self, tag, **attributes):
        (found,) = self.all(tag, **attributes)
        return found

    def words(self, tag="body"):
        return " ".join(self.one(tag).text.split())
