/** A script of this package beside the module at `moduleUrl`, as built: a child runs plain JavaScript (Node 20). */
export function builtScript(moduleUrl: string, name: string): URL {
  const at = moduleUrl.endsWith(".ts") ? moduleUrl.lastIndexOf("/src/") : -1;
  const built = at < 0 ? moduleUrl : `${moduleUrl.slice(0, at)}/dist/${moduleUrl.slice(at + "/src/".length)}`;
  return new URL(name, built);
}
