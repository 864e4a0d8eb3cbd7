"use strict";
// Shows one picture after another and sends each answer at once. One answer is under way at a time: a held key gives no second one.
(() => {
  const page = document.querySelector(".review");
  const find = (name) => page.querySelector(name);
  const picture = find("img.subject"), wrong = find(".wrong");
  const buttons = [...page.querySelectorAll("button[data-answer]")];
  let state = JSON.parse(page.dataset.state), isBusy = false;

  const show = () => {
    find(".progress").textContent = `${state.done} of ${state.all} answered`;
    find(".track").value = state.done;
    const isOver = state.next === null;
    find(".ask").hidden = isOver && state.all === 0;
    find(".over").hidden = !isOver;
    picture.hidden = isOver;
    for (const button of buttons) button.disabled = isOver;
    if (isOver) { find(".finish").focus(); return; }
    picture.alt = `picture ${state.next + 1} of ${state.all}`;
    delete picture.dataset.seen;  // nothing is answered before it can be seen
    picture.onload = () => { picture.dataset.seen = state.next; };
    picture.src = `/picture/${state.next}`;
    if (state.next + 1 < state.all) new Image().src = `/picture/${state.next + 1}`;
  };
  const send = async (path, told) => {
    if (isBusy) return;
    isBusy = true;
    try {
      const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(told) });
      const text = await answer.text();
      if (!answer.ok) throw new Error(answer.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(text).error : text);
      state = JSON.parse(text);
      wrong.hidden = true;
      if (path === "/finish") {
        page.innerHTML = "";
        page.append(Object.assign(document.createElement("p"), { className: "lead", textContent: "Thank you. This page can be closed." }));
      } else show();
    } catch (error) {
      wrong.textContent = `Not kept: ${error.message}`;
      wrong.hidden = false;
    } finally { isBusy = false; }
  };
  const answer = (number) => { if (state.next !== null && "seen" in picture.dataset) send("/answer", { place: state.next, answer: number }); };

  for (const button of buttons) button.addEventListener("click", () => answer(Number(button.dataset.answer)));
  find(".back").addEventListener("click", () => send("/back", {}));
  find(".finish").addEventListener("click", () => send("/finish", {}));
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const none = buttons.length - 1, number = Number(event.key);
    const isPressed = event.target.closest?.("button");
    if (event.key === "0" || (event.key === " " && !isPressed)) { event.preventDefault(); answer(none); }
    else if (event.key === "u") send("/back", {});
    else if (Number.isInteger(number) && number >= 1 && number <= none) answer(number - 1);
  });
  show();
  document.documentElement.dataset.drawn = "yes";
})();
