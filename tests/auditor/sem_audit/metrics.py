# SPDX-License-Identifier: AGPL-3.0-or-later
"""The figures of SPEC 18.1 in exact fractions: M2 to M8b, M11 (spread), M12 (turnover), M13, M15.

A network is {(giver, receiver): minutes}, each above 0, between nodes of any kind. What is not
known is None. Clarity goes before speed: M6 and M7 take the cube of the number of organisations.
"""
from fractions import Fraction

from sem_audit import days

INDEX_LEAST = 240           # minutes: M2
RECEIVED_LEAST = 480        # minutes: M8
EXCHANGES_LEAST = 3         # M8


def ratio(top, bottom, times=1000):
    """Truncated toward zero."""
    return int(Fraction(times * top) / bottom) if bottom else None


def given(w, node):
    return sum(minutes for (giver, _), minutes in w.items() if giver == node)


def received(w, node):
    return sum(minutes for (_, receiver), minutes in w.items() if receiver == node)


def net(w, nodes):
    return {node: given(w, node) - received(w, node) for node in nodes}


# --- One organisation -----------------------------------------------------------------------------

def exchange_index(w, node):
    """M2."""
    out, in_ = given(w, node), received(w, node)
    return ratio(out - in_, out + in_) if out + in_ >= INDEX_LEAST else None


def dependency(w, node, exchanges):
    """M8: (largest share, HHI, effective providers); `exchanges` in which it received."""
    providers = [minutes for (_, receiver), minutes in w.items() if receiver == node]
    total, squares = sum(providers), sum(minutes * minutes for minutes in providers)
    if total < RECEIVED_LEAST or exchanges < EXCHANGES_LEAST:
        return None
    return (ratio(max(providers), total), ratio(squares, total * total, 10_000),
            ratio(total * total, squares))


def burden(given_, fte100):
    """M11: minutes for a full-time person."""
    return 100 * given_ // fte100 if fte100 else None


# --- A network ------------------------------------------------------------------------------------

def displaced_share(w, nodes):
    """M3."""
    return ratio(Fraction(sum(map(abs, net(w, nodes).values())), 2), sum(w.values()))


def ranked(values):
    """The numerator of a Gini coefficient."""
    n = len(values)
    return sum((2 * k - n - 1) * value for k, value in enumerate(sorted(values), 1))


def position_concentration(w, nodes):
    """M4."""
    y = list(net(w, nodes).values())
    return ratio(ranked(y), (len(y) - 1) * sum(map(abs, y)))


def direct_reciprocity(w):
    """M5."""
    both = sum(min(minutes, w.get((receiver, giver), 0))
               for (giver, receiver), minutes in w.items())
    return ratio(both, sum(w.values()))


def round_share(w, nodes):
    """M6."""
    return ratio(largest_circulation(w, nodes), sum(w.values()))


def largest_circulation(w, nodes):
    """What is left of w when the least is taken away that makes everybody square: from those who
    gave more to those who received more, always along a path of the fewest exchanges (putting one
    back counts -1), which is a flow of least cost."""
    excess, room, cost = net(w, nodes), {}, {}
    for (giver, receiver), minutes in w.items():
        room[giver, receiver, 1] = minutes      # may be taken away
        room[receiver, giver, -1] = 0           # may be put back
    taken = 0
    while any(excess.values()):
        path = cheapest_path(room, nodes, excess)
        start, end = path[0][0], path[-1][1]
        minutes = min(excess[start], -excess[end], *(room[edge] for edge in path))
        for giver, receiver, sign in path:
            room[giver, receiver, sign] -= minutes
            room[receiver, giver, -sign] += minutes
            taken += sign * minutes
        excess[start] -= minutes
        excess[end] += minutes
    return sum(w.values()) - taken


def cheapest_path(room, nodes, excess):
    """Bellman and Ford, from all who have too much at once."""
    far = {node: 0 if excess[node] > 0 else None for node in nodes}
    via = {}
    for _ in nodes:
        for edge, minutes in room.items():
            giver, receiver, sign = edge
            if minutes and far[giver] is not None and (
                    far[receiver] is None or far[giver] + sign < far[receiver]):
                far[receiver], via[receiver] = far[giver] + sign, edge
    end = min((node for node in nodes if excess[node] < 0 and far[node] is not None),
              key=lambda node: far[node])
    path = [via[end]]
    while excess[path[0][0]] <= 0 or path[0][0] in via:
        path.insert(0, via[path[0][0]])
    return path


def one_wayness(w, nodes):
    """M7: levels that solve L h = v, by elimination; in each part one stands at 0."""
    total = sum(w.values())
    if not total:
        return None
    y, rows = net(w, nodes), []
    order = list(nodes)
    for node in order:
        row = [Fraction(0)] * (len(order) + 1)
        row[-1] = Fraction(-y[node])
        for (giver, receiver), minutes in w.items():
            if node in (giver, receiver):
                row[order.index(node)] += minutes
                row[order.index(receiver if node == giver else giver)] -= minutes
        rows.append(row)
    levels = solve(rows)
    return ratio(sum(level * -y[node] for level, node in zip(levels, order)), total)


def solve(rows):
    """Gauss and Jordan; an unknown that nothing determines is 0."""
    n, pivots = len(rows), {}
    for column in range(n):
        free = [at for at in range(n) if at not in pivots.values() and rows[at][column]]
        if not free:
            continue
        pivots[column] = free[0]
        pivot = rows[free[0]] = [value / rows[free[0]][column] for value in rows[free[0]]]
        for at in range(n):
            if at != free[0] and rows[at][column]:
                times = rows[at][column]
                rows[at] = [value - times * other for value, other in zip(rows[at], pivot)]
    return [rows[pivots[column]][-1] if column in pivots else Fraction(0) for column in range(n)]


def concentration(amounts):
    """M8b."""
    return ratio(sum(one * one for one in amounts), sum(amounts) ** 2, 10_000)


def core_share(w, nodes):
    """M15."""
    reach = {node: {node} | {receiver for giver, receiver in w if giver == node} for node in nodes}
    for through in nodes:       # Warshall
        for node in nodes:
            if through in reach[node]:
                reach[node] |= reach[through]
    sizes = [sum(node in reach[other] for other in reach[node]) for node in nodes]
    return ratio(max(sizes), len(sizes)) if sizes else None


def burden_gini(burdens):
    """M11, of those that are known."""
    return ratio(ranked(burdens), len(burdens) * sum(burdens))


def turnover(w, positions):
    """M12; the positions of all accounts."""
    return ratio(sum(w.values()), Fraction(sum(map(abs, positions)), 2))


def of_layer(w, nodes):
    return {"minutes": sum(w.values()), "orgs": len(nodes), "M3": displaced_share(w, nodes),
            "M4": position_concentration(w, nodes), "M5": direct_reciprocity(w),
            "M6": round_share(w, nodes), "M7": one_wayness(w, nodes),
            "M8b giving": concentration([given(w, node) for node in nodes]),
            "M8b receiving": concentration([received(w, node) for node in nodes]),
            "M15": core_share(w, nodes)}


# --- Those of a log -------------------------------------------------------------------------------

class Year:
    """The rolling year that ends with the day of `at`, from the hours as they stand."""

    def __init__(self, state, at):
        self.help, self.account, self.exchanges = {}, {}, {}
        for thing in state.things.values():
            if thing.kind == "hours" and days.within(thing.day * days.DAY_MS, at, 365):
                for pair, minutes in thing.left.items():
                    self.add(pair, minutes, minutes if thing.gift else thing.paid.get(pair, 0))
        ends = {end for pair in self.help for end in pair}
        self.nodes = [handle for handle, org in state.orgs.items() if org.active or handle in ends]

    def add(self, pair, minutes, carried):
        if minutes:
            self.help[pair] = self.help.get(pair, 0) + minutes
            self.exchanges[pair] = self.exchanges.get(pair, 0) + 1
        if minutes > carried:
            self.account[pair] = self.account.get(pair, 0) + minutes - carried

    def received_exchanges(self, node):
        return sum(count for (_, receiver), count in self.exchanges.items() if receiver == node)


def of_log(state, at):
    """All figures of the network at a moment."""
    year = Year(state, at)
    burdens = [burden(given(year.help, handle), state.orgs[handle].fte) for handle in year.nodes]
    positions = [org.position for org in state.orgs.values()] + [state.pool]
    carried = sum(year.help.values()) - sum(year.account.values())
    return {"help": of_layer(year.help, year.nodes), "account": of_layer(year.account, year.nodes),
            "M11": burden_gini([one for one in burdens if one is not None]),
            "M12": turnover(year.help, positions), "M13": ratio(carried, sum(year.help.values())),
            "orgs": {handle: {
                layer: {"M2": exchange_index(w, handle),
                        "M8": dependency(w, handle, year.received_exchanges(handle))}
                for layer, w in (("help", year.help), ("account", year.account))}
                for handle in year.nodes}}

