import { connection } from 'next/server';
import { orders } from '../orders.js';

export default async function Page() {
  await connection(); // it shows what is now, not what was when it was built
  return (
    <main>
      <h1>Tickets</h1>
      <form method="post" action="/orders">
        <label>
          Seats <input name="seats" type="number" min="1" defaultValue="1" />
        </label>
        <button>Order</button>
      </form>
      <ul>
        {[...orders].map(([id, status]) => (
          <li key={id}>{`${id}: ${status}`}</li>
        ))}
      </ul>
    </main>
  );
}
