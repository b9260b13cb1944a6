// What all configurations have: the browser of the system.
export const common = {
  timeout: 60_000,
  reporter: [['line'], ['json', { outputFile: process.env.RESULTS }]],
  use: { launchOptions: { executablePath: process.env.CHROMIUM } },
};
