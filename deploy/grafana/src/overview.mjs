// @ts-check
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableHide,
  VariableRefresh,
} from "@grafana/grafana-foundation-sdk/dashboard";
import {
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  VizLegendOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeSeriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** The one dashboard, as classic JSON: file provisioning takes no other kind. Rates and health; exact counts come from the journal. */

export const UID = "redline-overview";
const DATASOURCE = { type: "prometheus", uid: "${datasource}" };
const S = 'job=~"$job",instance=~"$instance"';

/** @param {"datasource" | "job" | "instance"} name @param {string} label @param {string} query */
const queryVariable = (name, label, query) =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue(".+")
    .current({ selected: true, text: ["All"], value: ["$__all"] });

/** @param {string} expr @param {string} legend @param {string} refId */
const query = (expr, legend, refId) =>
  new DataqueryBuilder().expr(expr).legendFormat(legend).refId(refId).datasource(DATASOURCE).range();

let lastId = 0;
/** Links to a panel name it by its id: each has its own, rows too. */
const nextId = () => (lastId += 1);

/** @param {string} title */
const row = (title) => new RowBuilder(title).id(nextId());

/**
 * @template {StatBuilder | TimeSeriesBuilder} T
 * @param {T} panel
 * @param {{ title: string, text: string, unit: string, width: number, height: number, queries: [string, string][] }} as
 * @returns {T}
 */
function describe(panel, { title, text, unit, width, height, queries }) {
  panel
    .id(nextId())
    .title(title)
    .description(text)
    .datasource(DATASOURCE)
    .unit(unit)
    .span(width)
    .height(height);
  for (const [i, [expr, legend]] of queries.entries())
    panel.withTarget(query(expr, legend, String.fromCharCode(65 + i)));
  return panel;
}

/** Steps of [from value, colour]; the first has no lower end. @param {[number | null, string][]} steps */
const colours = (steps) =>
  new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })));

const CALM = /** @type {[number | null, string][]} */ ([[null, "text"]]);
const NONE_IS_GOOD = /** @type {[number | null, string][]} */ ([
  [null, "green"],
  [1, "red"],
]);

/** @param {string} title @param {string} text @param {string} expr @param {{ steps?: [number | null, string][], legend?: string, unit?: string, width?: number }} [as] */
const stat = (title, text, expr, { steps = CALM, legend = "", unit = "short", width = 4 } = {}) =>
  describe(new StatBuilder(), { title, text, unit, width, height: 4, queries: [[expr, legend]] })
    .thresholds(colours(steps))
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .noValue("no data");

/** @param {string} title @param {string} text @param {[string, string][]} queries @param {{ unit?: string, width?: number, stacked?: boolean }} [as] */
const chart = (title, text, queries, { unit = "short", width = 12, stacked = false } = {}) => {
  const panel = describe(new TimeSeriesBuilder(), { title, text, unit, width, height: 8, queries })
    .fillOpacity(stacked ? 40 : 10)
    .lineWidth(1)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs([]),
    );
  return stacked
    ? panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group("A"))
    : panel.min(0);
};

export function overview() {
  lastId = 0;
  return new DashboardBuilder("Redline overview")
    .uid(UID)
    .description(
      "Is the lab contained, does it work, and where does the time go? Exact counts come from the journal.",
    )
    .tags(["redline"])
    .readonly()
    .timezone("browser")
    .refresh("30s")
    .time({ from: "now-6h", to: "now" })
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(
      new DatasourceVariableBuilder("datasource")
        .label("Data source")
        .type("prometheus")
        .hide(VariableHide.DontHide),
    )
    .withVariable(queryVariable("job", "Job", "label_values(redline_build_info, job)"))
    .withVariable(
      queryVariable("instance", "Instance", 'label_values(redline_build_info{job=~"$job"}, instance)'),
    )

    .withRow(row("Containment"))
    .withPanel(
      stat(
        "Unclean cells",
        "Cells that could not be proved gone since the node daemons started. Must be 0.",
        `sum(max_over_time(redline_node_unclean_cells_total{${S}}[$__range]))`,
        { steps: NONE_IS_GOOD },
      ),
    )
    .withPanel(
      stat(
        "Breaches",
        "Containment violations in the journal: what left its cell, survived, or went over a cap. Must be 0.",
        `sum(max_over_time(redline_containment_violations_total{${S}}[$__range]))`,
        { steps: NONE_IS_GOOD },
      ),
    )
    .withPanel(
      stat(
        "Nodes quarantined",
        "Nodes that take no work until a person clears them.",
        `sum(redline_nodes{${S},state="quarantined"})`,
        {
          steps: [
            [null, "green"],
            [1, "orange"],
          ],
        },
      ),
    )
    .withPanel(
      stat(
        "Nodes without a green self-test",
        "Enrolled nodes that take scripted controls only; those that are gone are in here, too.",
        `sum(1 - redline_node_selftest_green{${S}})`,
        {
          steps: [
            [null, "green"],
            [1, "orange"],
          ],
        },
      ),
    )
    .withPanel(
      stat(
        "Live copies",
        "Candidate copies that listen in cells now, as the nodes count them.",
        `sum(redline_node_live_copies{${S}})`,
        {
          steps: [
            [null, "green"],
            [1, "blue"],
          ],
        },
      ),
    )
    .withPanel(
      stat(
        "Attempts under way",
        "Trials that are placed, running or being collected. Copies without any of these are a finding.",
        `sum(redline_trials{${S},state=~"placed|running|collecting"})`,
      ),
    )
    .withPanel(
      stat("Trials waiting", "Trials that wait for a place.", `sum(redline_trials{${S},state="waiting"})`),
    )
    .withPanel(
      stat(
        "Nodes gone",
        "Enrolled nodes that were not heard of lately.",
        `sum(redline_nodes{${S},state="gone"})`,
        {
          steps: [
            [null, "green"],
            [1, "orange"],
          ],
        },
      ),
    )
    .withPanel(
      stat(
        "Nodes of another version",
        "Nodes that are heard and speak another protocol than the coordinator; they get no work.",
        `sum(redline_nodes_other_version{${S}})`,
        {
          steps: [
            [null, "green"],
            [1, "orange"],
          ],
        },
      ),
    )
    .withPanel(
      stat(
        "Set aside",
        "Messages that the coordinator could not read or did not take since it started, of all kinds.",
        `sum(max_over_time(redline_set_aside_total{${S}}[$__range]))`,
        {
          steps: [
            [null, "green"],
            [1, "orange"],
          ],
        },
      ),
    )
    .withPanel(
      stat(
        "Objects expected",
        "Objects that records name and that are not here yet. They come within minutes.",
        `sum(redline_objects_expected{${S}})`,
      ),
    )
    .withPanel(
      stat(
        "Infra fault share",
        "Infra faults among all attempts that ended in the last half hour.",
        "redline:infra_faults:ratio30m",
        {
          unit: "percentunit",
          steps: [
            [null, "green"],
            [0.2, "orange"],
            [0.5, "red"],
          ],
        },
      ),
    )
    .withPanel(
      chart("Packets dropped by the guards", "What cells sent that the guards did not let out, per minute.", [
        [`60 * sum by (kind) (rate(redline_drops_total{${S}}[$__rate_interval]))`, "{{kind}}"],
      ]),
    )
    .withPanel(
      chart(
        "Time until empty",
        "From the order, or the end of the limit, until no process was left, as the nodes timed it.",
        [
          [
            `histogram_quantile(0.95, sum by (le, by) (rate(redline_empty_duration_seconds_bucket{${S}}[$__rate_interval])))`,
            "95 %, {{by}}",
          ],
        ],
        { unit: "s" },
      ),
    )

    .withRow(row("Trials"))
    .withPanel(
      chart(
        "Open trials by state",
        "Trials that are not over yet, by where they are.",
        [[`sum by (state) (redline_trials{${S},state=~"waiting|placed|running|collecting"})`, "{{state}}"]],
        { stacked: true },
      ),
    )
    .withPanel(
      chart(
        "Verdicts per minute",
        "Finished trials by verdict of the strict profile; a study that does not ask for it is not in here.",
        [
          [
            `60 * sum by (verdict) (rate(redline_trials_finished_total{${S},profile="strict"}[$__rate_interval]))`,
            "{{verdict}}",
          ],
        ],
        { unit: "cpm", stacked: true },
      ),
    )
    .withPanel(
      chart(
        "Verdicts per minute, pan2024",
        "The same for the pan2024 profile. Both are always read side by side.",
        [
          [
            `60 * sum by (verdict) (rate(redline_trials_finished_total{${S},profile="pan2024"}[$__rate_interval]))`,
            "{{verdict}}",
          ],
        ],
        { unit: "cpm", stacked: true },
      ),
    )
    .withPanel(
      chart(
        "Infra faults per hour",
        "Faults of the instrument by kind, and the attempts that were started again.",
        [
          [
            `3600 * sum by (fault) (rate(redline_trial_infra_faults_total{${S}}[$__rate_interval])) > 0`,
            "{{fault}}",
          ],
          [`3600 * sum(rate(redline_trial_retries_total{${S}}[$__rate_interval]))`, "retries"],
        ],
      ),
    )

    .withRow(row("Time"))
    .withPanel(
      chart(
        "Trial duration",
        "From the first placement of a trial to its end.",
        [
          [
            `histogram_quantile(0.5, sum by (le) (rate(redline_trial_duration_seconds_bucket{${S}}[$__rate_interval])))`,
            "half",
          ],
          [
            `histogram_quantile(0.95, sum by (le) (rate(redline_trial_duration_seconds_bucket{${S}}[$__rate_interval])))`,
            "95 %",
          ],
        ],
        { unit: "s" },
      ),
    )
    .withPanel(
      chart(
        "Time by phase",
        "Seconds spent in each phase, per second: how many attempts are in it on average.",
        [
          [
            `sum by (phase) (rate(redline_trial_phase_duration_seconds_sum{${S}}[$__rate_interval]))`,
            "{{phase}}",
          ],
        ],
        { stacked: true },
      ),
    )

    .withRow(row("Nodes"))
    .withPanel(
      chart("Slots", "Cells held and cells that may be held at once.", [
        [`sum(redline_node_slots_in_use{${S}})`, "in use"],
        [`sum(redline_node_slots{${S}})`, "offered"],
      ]),
    )
    .withPanel(
      chart(
        "Time since a node was heard",
        "Counts from 1970 for a node that was never heard since the coordinator started.",
        [[`time() - redline_node_last_heartbeat_timestamp_seconds{${S}}`, "{{node}}"]],
        { unit: "s" },
      ),
    )

    .withRow(row("Messages"))
    .withPanel(
      chart(
        "Commands on the stream",
        "Not yet delivered, delivered and not acknowledged, delivered more than once.",
        [[`sum by (state) (redline_queue_messages{${S}})`, "{{state}}"]],
      ),
    )
    .withPanel(
      chart("Records that wait on nodes", "On a node's disk and not on the stream yet.", [
        [`redline_node_outbox_records{${S}}`, "{{instance}}"],
      ]),
    )
    .withPanel(
      chart("Records per second", "What became of the records that came in.", [
        [`sum by (result) (rate(redline_records_total{${S}}[$__rate_interval]))`, "{{result}}"],
      ]),
    )
    .withPanel(
      chart(
        "Trouble with the telemetry itself",
        "Reconnects to NATS and collectors that failed during a scrape, per hour.",
        [
          [`3600 * sum(rate(redline_nats_reconnects_total{${S}}[$__rate_interval]))`, "reconnects"],
          [
            `3600 * sum by (collector) (rate(redline_collector_errors_total{${S}}[$__rate_interval])) > 0`,
            "{{collector}}",
          ],
        ],
      ),
    )
    .build();
}
