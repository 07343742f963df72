type Child = Node | string | null;

/** An element with its properties and children; `null` children are left out. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Readonly<Partial<HTMLElementTagNameMap[Tag]>> | null,
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A button that hears presses of a person only: a script's `click()` is not one. */
export function button(name: string, className: string, onPress: (event: MouseEvent) => void): HTMLButtonElement {
  const element = h('button', { type: 'button', className }, name);
  element.addEventListener('click', (event) => {
    if (isPress(event)) onPress(event);
  });
  return element;
}

function isPress(event: MouseEvent): boolean {
  return event.isTrusted && navigator.userActivation?.isActive !== false;
}
