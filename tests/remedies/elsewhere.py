ELSEWHERE: dict[tuple[str, str], str] = {}
