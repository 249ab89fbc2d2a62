"""The address of a view: what a view shows follows from it, so that links, reloads and Back work.

A widget takes its value from the address on every run, and writes its value there when it is used. Only
Streamlit's own `bind` does the same, but it writes the labels of a widget, which depend on the language.
"""

from collections.abc import Sequence

import streamlit as st

LANGUAGE = "lang"
Parameters = dict[str, str | list[str]]


def chosen(name: str, options: Sequence[str]) -> list[str]:
    """The values of a parameter that are options, in the order of the address."""
    return [value for value in dict.fromkeys(st.query_params.get_all(name)) if value in options]


def chosen_one(name: str, options: Sequence[str]) -> str:
    """The value of a parameter, or the first option if it is none of them."""
    return next(iter(chosen(name, options)), options[0])


def many(name: str, options: Sequence[str]) -> str:
    """The key of a widget for several options, with its value taken from the address."""
    return _follow(name, chosen(name, options))


def one(name: str, options: Sequence[str]) -> str:
    """The key of a widget for one option, with its value taken from the address."""
    return _follow(name, chosen_one(name, options))


def text(name: str, limit: int) -> str:
    """The key of a text field, with its value taken from the address, cut to `limit` characters."""
    return _follow(name, st.query_params.get(name, "")[:limit])


def switch(name: str) -> str:
    """The key of a toggle, on if the address has the parameter."""
    return _follow(name, name in st.query_params)


def write(name: str, *forgotten: str) -> None:
    """Write the value of a widget to the address, without the `forgotten` parameters.

    A click soon after another comes with the address from before both; the other widgets still have theirs.
    """
    for other in _overtaken():
        if other != name and other not in forgotten:
            st.query_params[other] = st.session_state[_key(other)]
    value = st.session_state[_key(name)]
    replace(name, "on" if value is True else value, *forgotten)


def replace(name: str, value: str | Sequence[str], *forgotten: str) -> None:
    """Set a parameter, or remove it if it has no value; and remove the `forgotten` ones."""
    kept = {key: values for key, values in parameters().items() if key not in (name, *forgotten)}
    if value:
        kept[name] = value if isinstance(value, str) else list(value)
    st.query_params.from_dict(kept)


def parameters() -> Parameters:
    """All parameters of the address."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def with_language(**values: str | Sequence[str]) -> Parameters:
    """The parameters of a link: the given ones, and the language if the address has one."""
    link: Parameters = {
        name: value if isinstance(value, str) else list(value) for name, value in values.items() if value
    }
    if language := st.query_params.get(LANGUAGE):
        link[LANGUAGE] = language
    return link


def clear() -> None:
    """Remove all parameters except the language."""
    st.query_params.from_dict(with_language())


def _overtaken() -> list[str]:
    """The parameters that widgets for several options have, and the address does not."""
    keys = [str(key) for key in st.session_state if str(key).startswith(_key(""))]
    names = [key.removeprefix(_key("")) for key in keys if isinstance(st.session_state[key], list)]
    return [name for name in names if st.session_state[_key(name)] and name not in st.query_params]


def _follow(name: str, value: object) -> str:
    """The key of a widget with a value.

    The value is set only if it is another one: to set it again would undo a click that is on its way.
    """
    key = _key(name)
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    return key


def _key(name: str) -> str:
    return f"address-{name}"
