/** Import directions of the house style; `test/src/architecture.test.ts` states the same in words. */
module.exports = {
  forbidden: [
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    {
      name: "shared-imports-no-package",
      severity: "error",
      from: { path: "^shared/src" },
      to: { path: "^(daemon|coordinator|node-agent|cli|test)/" },
    },
    {
      name: "daemon-imports-shared-only",
      severity: "error",
      from: { path: "^daemon/src" },
      to: { path: "^(coordinator|node-agent|cli|test)/" },
    },
    {
      name: "daemons-import-shared-only",
      severity: "error",
      from: { path: "^(coordinator|node-agent|cli)/src" },
      to: { path: "^(coordinator|node-agent|cli|test)/", pathNot: "^$1/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)dist/" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ["redline-source", "import", "node", "default"],
      exportsFields: ["exports"],
    },
  },
};
