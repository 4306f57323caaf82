// Before the page's own code is there: the chosen theme, and a word when that code can't start.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("drydock.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // Storage is blocked: the system's theme it is.
  }
  let started = false;
  addEventListener("TrunkApplicationStarted", () => { started = true; });
  const failed = (reason) => {
    const say = document.getElementById("boot-problem");
    if (started || !say) return;
    root.dataset.state = "error";
    say.textContent = `The page could not start: ${reason}. Drydock needs a current browser with WebAssembly (SIMD); reload to try again.`;
  };
  addEventListener("error", (event) => failed(event.message || "a file could not be loaded"), true);
  addEventListener("unhandledrejection", (event) => failed(String(event.reason?.message ?? event.reason)));
})();
