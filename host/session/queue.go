package session

import "container/heap"

// due is something that happens at an instant of session time.
type due interface {
	when() (atNS int64, order uint64)
	position() *int
}

func (t *timer) when() (int64, uint64)    { return t.AtNS, t.Order }
func (t *timer) position() *int           { return &t.index }
func (d *delivery) when() (int64, uint64) { return d.AtNS, d.Order }
func (d *delivery) position() *int        { return &d.index }

// dueQueue is a heap of what is due, earliest first, then in the order in which
// it was asked for.
type dueQueue []due

func (q dueQueue) Len() int { return len(q) }

func (q dueQueue) Less(i, j int) bool {
	a, x := q[i].when()
	b, y := q[j].when()
	return a < b || a == b && x < y
}

func (q dueQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	*q[i].position(), *q[j].position() = i, j
}

func (q *dueQueue) Push(x any) { *q = append(*q, x.(due)) }

func (q *dueQueue) Pop() any {
	old := *q
	x := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return x
}

func (q *dueQueue) add(d due) {
	*d.position() = len(*q)
	heap.Push(q, d)
}

// remove takes d out if it is in.
func (q *dueQueue) remove(d due) {
	if i := *d.position(); i >= 0 && i < len(*q) && (*q)[i] == d {
		heap.Remove(q, i)
		*d.position() = -1
	}
}

// first returns the earliest, nil if there is none.
func (q dueQueue) first() due {
	if len(q) == 0 {
		return nil
	}
	return q[0]
}
