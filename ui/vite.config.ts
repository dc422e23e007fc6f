import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { keepStub } from "./mock/keep-stub.ts";
import { mockHub } from "./mock/plugin.ts";

// With HUB set (HUB=http://127.0.0.1:9443 npm run dev) the pages talk to a running Hub; without it, to the mock.
const hub = process.env.HUB;

export default defineConfig({
  plugins: [react(), keepStub("../hub/dist"), ...(hub ? [] : [mockHub()])],
  build: {
    outDir: "../hub/dist",
    // hub/dist/stub.html is committed and belongs to the Go side: keepStub clears everything but it.
    emptyOutDir: false,
    // The Hub's policy allows no data: addresses.
    assetsInlineLimit: 0,
    // The tokens are written with light-dark(): kept as it is, since every browser of 2024 and later knows it.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
    sourcemap: false,
    // One file of all pages: it comes from the same house, and 150 kB once compressed.
    chunkSizeWarningLimit: 700,
  },
  server: { port: 5173, ...(hub ? { proxy: { "/api": hub } } : {}) },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    testTimeout: 60_000,
    setupFiles: ["./src/test/setup.ts"],
  },
});
