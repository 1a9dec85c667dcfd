/** Reading server-sent events (WHATWG HTML §9.2.6) as they arrive. */

export interface ServerEvent {
  event: string;
  data: string;
  id?: string;
}

/** Gives `push`, which takes text as it comes and returns the events that it completes. */
export function eventReader(): (text: string) => ServerEvent[] {
  let rest = "";
  return (text) => {
    rest += text;
    const blocks = rest.split(/\r\n\r\n|\n\n|\r\r/);
    rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => {
      const event = eventOf(block);
      return event ? [event] : [];
    });
  };
}

function eventOf(block: string): ServerEvent | undefined {
  const read: ServerEvent = { event: "message", data: "" };
  const data: string[] = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, field = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "data") data.push(value);
    if (field === "event") read.event = value;
    if (field === "id") read.id = value;
  }
  read.data = data.join("\n");
  return data.length > 0 || read.id !== undefined ? read : undefined;
}
