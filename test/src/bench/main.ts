import { cpus, loadavg } from "node:os";
import { chooseSections, SECTION_NAMES } from "./choose-sections.ts";
import { SECTIONS } from "./sections.ts";

/** `npm run bench -- [section...]`: what is compared with what, on which work, median and the middle 90 %. Ratios, side by side in one run. */
const say = (text = "") => process.stdout.write(`${text}\n`);

const chosen = chooseSections(process.argv.slice(2));
if (!chosen.ok) {
  process.stderr.write(`bench: ${chosen.why}\n`);
  process.exit(2);
}
const load = () => (loadavg()[0] ?? Number.NaN).toFixed(1);
say(
  `Redline benchmarks on ${cpus().length} cores, Node ${process.versions.node}. Values: median (5th to 95th percentile).`,
);
for (const name of chosen.names) {
  const before = load();
  let title = true;
  for await (const line of SECTIONS[name]()) {
    say(title ? `\n${SECTION_NAMES.indexOf(name) + 1}. ${line}` : `   ${line}`);
    title = false;
  }
  say(`   load      ${before} before, ${load()} after (processes that want a core, mean of a minute)`);
}
