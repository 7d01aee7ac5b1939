"""Ways to write an address that a template must not have; URL stands for it."""

from base64 import b64encode

PICTURE = "<svg xmlns='http://www.w3.org/2000/svg'><image width='9' height='9' href='URL'/></svg>"


def style(css):
    return f"<style>{css}</style><p class=a>x</p>"


def svg_in_base64(url):
    return f"<img src='data:image/svg+xml;base64,{b64encode(PICTURE.replace('URL', url).encode()).decode()}'>"


def spelled(markup, url):
    """Return `markup` with the address in it."""
    return markup(url) if callable(markup) else markup.replace("URL", url)


STYLES = {
    r"p { background: \75rl(URL) }": "remove url(",
    r"p { background: u\72 l('URL') }": "remove url(",
    r"p { background: ur\6c(URL) }": "remove url(",
    r"p { background: ur\6C (URL) }": "remove url(",
    r"p { background: \000055\000052L(URL) }": "remove url(",
    r"p { background: \u\r\l(URL) }": "remove url(",
    r"p { background: ur\l(URL) }": "remove url(",
    "p { background: u\\\nrl(URL) }": "remove url(",
    "p { background: url(/**/URL) }": "remove url(",
    "p { background: url(\n'URL' ) }": "remove url(",
    "p { background: uRl(URL) }": "remove url(",
    "p { background: url(data:text/html,URL) }": "remove url(",
    r"li { list-style: \75rl(URL) }": "remove url(",
    r"p::before { content: \75 rl(URL) }": "remove url(",
    r"p { border-image: \55 RL(URL) 1 }": "remove url(",
    r"p { --a: \75rl(URL); background: var(--a) }": "remove url(",
    r"@font-face { font-family: F; src: \75rl(URL) } p { font-family: F }": "remove url(",
    r"@\69mport 'URL';": "remove @import",
    r"@\000049 mport 'URL';": "remove @import",
    r"@im\port 'URL';": "remove @import",
    "@IMPORT/**/'URL';": "remove @import",
    "@import url(URL);": "remove @import",
    "@namespace 'URL';": "remove @namespace",
    "p { background: image-set('URL' 1x) }": "remove image-set()",
    "p { background: image-set('data:image/png,x' 1x, 'URL' 2x) }": "remove image-set()",
    "p { background: -webkit-image-set('URL' 1x) }": "remove image-set()",
    "p { background: -webkit-image-set(url(URL) 1x) }": "remove url(",
    r"p { background: image\2dset('URL' 1x) }": "remove image-set()",
    "p { background: src('URL') }": "remove src()",
    r"p { background: s\72 c('URL') }": "remove src()",
    "p { --a: 'URL'; background: src(var(--a)) }": "remove src()",
    "p { background: image('URL') }": "remove image()",
    "p { background: cross-fade('URL', red) }": "remove cross-fade()",
    "p { content: attr(title url) }": "remove attr()",
}
MARKUP = {
    "<p style='background: &#117;rl(URL)'>x": "remove url(",
    "<p style='background: ur&#x6c;(URL)'>x": "remove url(",
    "<p style='background: url&lpar;URL)'>x": "remove url(",
    "<p style='background: url&#40URL)'>x": "remove url(",
    "<p style='background: &#92;75rl(URL)'>x": "remove url(",
    "<p style='background: &bsol;75rl(URL)'>x": "remove url(",
    "<svg><rect fill='\\75rl(URL#g)' width=9 height=9 /></svg>": "remove url(",
    "<svg><rect style='mask: ur&#108;(URL#g)' width=9 height=9 /></svg>": "remove url(",
    "<svg><style>rect { fill: &#117;rl(URL#g) }</style><rect width=9 height=9 /></svg>": "remove url(",
    "<svg><style><![CDATA[ @import 'URL'; ]]></style></svg>": "remove @import",
    "<img src='data:image/png,x' srcset='data:image/png,x 1x, URL 2x'>": "remove srcset=",
    "<picture><source srcset='data:image/png,x 1x, URL 2x'><img></picture>": "remove srcset=",
    "<link rel=preload imagesrcset='data:image/png,x 1x, URL 2x'>": "remove <link>",
    "<link/rel=stylesheet/href=URL>": "remove <link>",
    "<base target=_top href=URL><img src=x>": "remove <base>",
    "<img/src=URL>": "remove src=",
    "<IMG\nSRC\n=\nURL>": "remove src=",
    "<img\x0csrc=URL>": "remove src=",
    "<img title='>' src=URL>": "remove src=",
    "<img title=''src=URL>": "remove src=",
    "<img src=&#104;&#x74;tpURL>": "remove src=",
    "<image src=URL>": "remove src=",
    "<input type=image src=URL>": "remove src=",
    "<img lowsrc=URL>": "remove lowsrc=",
    "<html manifest=URL>": "remove manifest=",
    "<svg><image HREF='URL' width=9 height=9 /></svg>": "remove href=",
    "<svg><image xlink:href=' URL' width=9 height=9 /></svg>": "remove xlink:href=",
    "<svg><use href='URL#a'/></svg>": "remove href=",
    "<svg><filter id=f><feImage href=URL /></filter></svg>": "remove href=",
    "<?xml-stylesheet href='URL'?>": "remove href=",
    "<img src=\"data:image/svg+xml,%3Csvg%3E%3Cimage%20href='URL'/%3E%3C/svg%3E\">": "remove href=",
    svg_in_base64: "remove href=",
}
SPELLINGS = [*((style(css), said) for css, said in STYLES.items()), *MARKUP.items()]
