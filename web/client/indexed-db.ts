/** Resolves to what was asked for; rejects with the browser's error, or where another tab keeps the database in use. */
export function settled<Value>(request: IDBRequest<Value> | IDBOpenDBRequest): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as Value);
    request.onerror = () => reject(request.error);
    if ('onblocked' in request) request.onblocked = reject;
  });
}

/** Resolves when what was changed is durable. */
export function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}
