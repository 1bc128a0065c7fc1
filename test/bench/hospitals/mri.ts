export const benchMri = async () => [];
export const benchMriFew = async () => [];
