// Clients of `mirra mcp`, by the official SDK: over standard input and output, or over
// HTTP to the server whose address and token are in the environment.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const { MIRRA, MIRRA_URL, MIRRA_TOKEN, PROJECT } = process.env;

export const transports = {
  stdio: () => new StdioClientTransport({ command: MIRRA, args: ['mcp'], cwd: PROJECT, env: process.env, stderr: 'inherit' }),
  http: () => new StreamableHTTPClientTransport(new URL('/mcp', MIRRA_URL), { requestInit: { headers: { Authorization: `Bearer ${MIRRA_TOKEN}` } } }),
};

export async function connect(name) {
  const transport = transports[name]();
  const client = new Client({ name: 'mirra-e2e', version: '1.0.0' });
  const faults = []; // of the protocol, such as a line that is no message
  client.onerror = (error) => faults.push(error);
  await client.connect(transport);
  return {
    client, transport, faults,
    // call returns a tool's result, which the client holds against the tool's schema.
    async call(tool, args = {}) {
      const result = await client.callTool({ name: tool, arguments: args });
      if (result.isError) throw Object.assign(new Error(result.content[0].text), JSON.parse(result.content[0].text).error);
      return result.structuredContent;
    },
  };
}
