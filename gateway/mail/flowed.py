"""Text of format=flowed put back into paragraphs (RFC 3676). *Pure.*"""


def unflowed(text: str, *, delete_space: bool = False) -> str:
    """Lines that end in a blank run on in the next line of the same quote depth; `delete_space`: DelSp=yes."""
    out: list[str] = []
    depth_before, flowing = 0, False
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:]
        words = words[1:] if words.startswith(" ") else words  # space-stuffing, section 4.4
        signature = words == "-- "
        if flowing and depth == depth_before and not signature:
            out[-1] += words
        else:
            out.append(f"{'>' * depth} {words}" if depth else words)
        flowing = words.endswith(" ") and not signature
        if flowing and delete_space:
            out[-1] = out[-1][:-1]
        depth_before = depth
    return "\n".join(out)
