// Starts a session, prints its id, and waits to be killed.
import { connect } from './client.mjs';

const agent = await connect(process.argv[2]);
const { sessionId } = await agent.call('session_start', { mirrors: ['stripe@2024-06'] });
console.log(JSON.stringify({ sessionId, server: agent.transport.pid ?? 0 }));
setInterval(() => {}, 1 << 30);
