package vendorsuite

import "slices"

// feePoint is what a charge cost.
type feePoint struct{ amount, fee int64 }

// feeLine is a price of card payments, as the stripe mirror's own account has it.
type feeLine struct {
	Percent float64 `json:"percent"`
	Fixed   int64   `json:"fixed"`
	points  int64   // basis points
}

func (l *feeLine) of(amount int64) int64 { return (amount*l.points+5000)/10000 + l.Fixed }

// feeLines are prices to try: those that are published first
// [D stripe.com/pricing, 2026-11; micropayments 5 % and 5 cents], then round ones.
var feeLines = func() []feeLine {
	lines := []feeLine{{2.9, 30, 290}, {5, 5, 500}}
	for _, step := range []int64{100, 50, 10} {
		for points := int64(0); points <= 1000; points += step {
			for fixed := int64(0); fixed <= 50; fixed += 5 {
				l := feeLine{float64(points) / 100, fixed, points}
				if !slices.Contains(lines, l) {
					lines = append(lines, l)
				}
			}
		}
	}
	return lines
}()

// feesOf finds the prices, at most two of which the cheaper is taken, that
// explain what the latest charges cost; as many of these as possible.
func feesOf(seen []feePoint) (lines []feeLine, ok bool) {
	if len(seen) == 0 {
		return nil, false
	}
	var points []feePoint // the latest first, each amount once
	for i := len(seen) - 1; i >= 0 && len(points) < 40; i-- {
		if !slices.Contains(points, seen[i]) {
			points = append(points, seen[i])
		}
	}
	if points[0].fee == 0 {
		return []feeLine{}, true // it is billed apart
	}
	for n := len(points); n > 0; n-- {
		if lines := explain(points[:n]); lines != nil {
			return lines, true
		}
	}
	return nil, false
}

// explain returns one or two prices that explain all charges, nil if none do.
func explain(points []feePoint) []feeLine {
	var dear []*feeLine // prices that are nowhere cheaper than what was paid
	covers := map[*feeLine]int{}
	for i := range feeLines {
		l, hit := &feeLines[i], 0
		cheaper := slices.ContainsFunc(points, func(p feePoint) bool {
			cost := l.of(p.amount)
			if cost == p.fee {
				hit++
			}
			return cost < p.fee
		})
		switch {
		case cheaper || hit == 0:
		case hit == len(points):
			return []feeLine{*l}
		default:
			dear, covers[l] = append(dear, l), hit
		}
	}
	slices.SortStableFunc(dear, func(a, b *feeLine) int { return covers[b] - covers[a] })
	for i, a := range dear {
		for _, b := range dear[i+1:] {
			if covers[a]+covers[b] >= len(points) && !slices.ContainsFunc(points, func(p feePoint) bool { return min(a.of(p.amount), b.of(p.amount)) != p.fee }) {
				return []feeLine{*a, *b}
			}
		}
	}
	return nil
}
